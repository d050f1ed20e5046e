#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/detail/unique_function.hpp>
#include <webpool/expected.hpp>
#include <webpool/generation.hpp>
#include <webpool/outputs.hpp>
#include <webpool/protocol/messages.hpp>

namespace webpool::driver {

/// A generation under way: what was asked for, and what has come. Lives on the pool's thread once it is submitted.
struct GenerationRun {
  GenerationOptions options;
  TokenHandler on_token;            ///< may be empty
  std::int64_t vocabulary;          ///< `Shape::any` where the model doesn't say
  std::size_t read = 0;             ///< tokens of the prompt, and of the text that it follows
  std::size_t bytes_per_token = 0;  ///< of the cache
  std::vector<std::int64_t> tokens{};
  Finish finish = Finish::length;
  double first_token = 0;

  /// Takes news of a page, `elapsed` milliseconds after submission, and tells the caller; or what is wrong with them.
  std::optional<std::string> take(const protocol::Tokens& news, double elapsed) {
    if (news.tokens.empty())
      return "the page sent progress without a token";  // they would put the time-out off for ever
    if (news.index != tokens.size())
      return "tokens from " + std::to_string(news.index) + " on came after " + std::to_string(tokens.size());
    if (news.tokens.size() > options.max_tokens - tokens.size())
      return "more than max_tokens (" + std::to_string(options.max_tokens) + ") came";
    for (const std::int64_t token : news.tokens)
      if (vocabulary != Shape::any && token >= vocabulary)
        return "the token " + std::to_string(token) + " came; there are " + std::to_string(vocabulary);
    if (tokens.empty()) first_token = elapsed;
    for (const std::int64_t token : news.tokens) {
      tokens.push_back(token);
      if (on_token) on_token(token);
    }
    return std::nullopt;
  }

  /// Takes a page's result, which repeats the tokens; or what is wrong with it. `kept` is the id for its cache where
  /// that is to stay.
  std::optional<std::string> end(const protocol::Result& result, std::span<const TensorId> kept) {
    if (!result.finish) return "the page answered without saying why it ended";
    if (result.outputs.size() != 1 || result.outputs[0].name != "tokens" ||
        result.outputs[0].tensor.datatype() != Datatype::int64 || result.outputs[0].tensor.shape().rank() != 1)
      return "the page answered with something other than 'tokens' INT64 [n]";
    if (!std::ranges::equal(result.outputs[0].tensor.as<std::int64_t>(), tokens))
      return "the page answered with tokens other than those it had announced";
    if ((*result.finish == Finish::length) != (tokens.size() == options.max_tokens))
      return "the page gave a reason that can't be right after " + std::to_string(tokens.size()) + " tokens";
    const auto length = static_cast<std::int64_t>(read + tokens.size() - (*result.finish == Finish::length ? 1 : 0));
    const Shape cache{length, static_cast<std::int64_t>(bytes_per_token)};
    if (!std::ranges::equal(result.kept, kept, {}, &protocol::KeptTensor::tensor) ||
        std::ranges::any_of(result.kept, [&](const protocol::KeptTensor& each) {
          return each.name != cache_name || each.datatype != Datatype::uint8 || each.shape != cache;
        }))
      return kept.empty() ? "the page kept a cache that it was not asked to keep"
                          : "the page did not keep the cache UINT8 " + to_string(cache) + " that it was to keep";
    finish = *result.finish;
    return std::nullopt;
  }

  /// `outputs` are those of a result that was right.
  Generation summary(const Outputs& outputs) {
    const bool unread = finish == Finish::length;
    const std::size_t all = read + tokens.size();
    Generation generation{std::move(tokens), finish, outputs.times(), first_token, {}, outputs.shared_where()};
    for (const auto& [name, tensor] : outputs)
      if (name == cache_name) generation.text = KeptText(tensor, all, unread);
    return generation;
  }

  static constexpr std::string_view cache_name = "cache";
};

/// The completion of its request, which tells `done` what has come.
inline detail::UniqueFunction<void(Expected<Outputs>)> completion_of(
    std::shared_ptr<GenerationRun> run, detail::UniqueFunction<void(Expected<Generation>)> done) {
  return [run = std::move(run), done = std::move(done)](Expected<Outputs> result) mutable {
    if (!result) return done(result.error());
    done(run->summary(*result));
  };
}

}  // namespace webpool::driver
