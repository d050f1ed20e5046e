#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <webpool/datatype.hpp>
#include <webpool/error.hpp>
#include <webpool/generation.hpp>
#include <webpool/model_info.hpp>
#include <webpool/shape.hpp>

/// Models that generate: decoders as they are usually exported, with their cache as inputs and outputs.
namespace webpool::driver {

inline constexpr std::string_view past_prefix = "past_key_values.", present_prefix = "present.";

/// What keeps the model from being a decoder; empty when it is one.
inline std::optional<std::string> why_no_decoder(const ModelInfo& info) {
  const auto integers = [&](std::string_view name) {
    const TensorSpec* spec = ModelInfo::find(info.inputs, name);
    return spec && spec->datatype == Datatype::int64 && spec->shape.rank() == 2;
  };
  if (!integers("input_ids")) return "it has no input 'input_ids' INT64 [batch, sequence]";
  const TensorSpec* logits = ModelInfo::find(info.outputs, "logits");
  if (!logits || logits->datatype != Datatype::float32 || logits->shape.rank() != 3)
    return "it has no output 'logits' FP32 [batch, sequence, vocabulary]";
  bool cache = false;
  for (const TensorSpec& input : info.inputs) {
    if (input.name == "input_ids") continue;
    if (input.name == "attention_mask" || input.name == "position_ids") {
      if (!integers(input.name)) return "its input '" + input.name + "' is not INT64 of two dimensions";
      continue;
    }
    if (!input.name.starts_with(past_prefix))
      return "its input '" + input.name + "' is none of input_ids, attention_mask, position_ids and past_key_values.…";
    const Shape& past = input.shape;
    if ((input.datatype != Datatype::float32 && input.datatype != Datatype::float16) || past.rank() != 4 ||
        past[1] < 1 || past[2] != Shape::any || past[3] < 1)
      return "its input '" + input.name + "' " + to_string(past) +
             " is not FP32 or FP16 [batch, heads, past, size] of which heads and size are fixed and past is free";
    const std::string present = std::string(present_prefix) + input.name.substr(past_prefix.size());
    const TensorSpec* output = ModelInfo::find(info.outputs, present);
    if (!output || output->datatype != input.datatype)
      return "it has no output '" + present + "' of the datatype of '" + input.name + "'";
    cache = true;
  }
  return cache ? std::nullopt : std::optional<std::string>("it has no inputs past_key_values.…, its cache");
}

/// Most tokens of prompt and generation together: what the options say, else the file's metadata under
/// `context_length`; 0 when neither does.
inline std::size_t context_of(const ModelInfo& info, std::size_t option) {
  if (option > 0) return option;
  const auto found = info.metadata.find("context_length");
  if (found == info.metadata.end()) return 0;
  std::size_t tokens = 0;
  const char* const end = found->second.data() + found->second.size();
  const auto [rest, failed] = std::from_chars(found->second.data(), end, tokens);
  return failed == std::errc() && rest == end ? tokens : 0;
}

/// How many tokens a decoder knows; `Shape::any` where its file doesn't say.
inline std::int64_t vocabulary_of(const ModelInfo& info) {
  const TensorSpec* logits = ModelInfo::find(info.outputs, "logits");
  return logits && logits->shape.rank() == 3 ? logits->shape[2] : Shape::any;
}

/// What a token takes in the decoder's cache.
inline std::size_t cache_bytes_per_token(const ModelInfo& info) {
  std::size_t bytes = 0;
  for (const TensorSpec& input : info.inputs)
    if (input.name.starts_with(past_prefix))
      bytes += static_cast<std::size_t>(input.shape[1] * input.shape[3]) * size_of(input.datatype);
  return bytes;
}

/// Why the model can't generate that; empty when it can. Nothing has been sent by then.
inline std::optional<Error> check_generation(std::string_view model, const ModelInfo& info, std::size_t context,
                                             std::span<const std::int64_t> prompt, const GenerationOptions& options) {
  const std::string who = "model '" + std::string(model) + "'";
  const auto refuse = [&](errc code, const std::string& why) { return Error(code, who + " can't generate: " + why); };
  if (const auto why = why_no_decoder(info)) return refuse(errc::invalid_options, *why);
  if (context == 0)
    return refuse(errc::invalid_options, "its file does not say how many tokens it takes: set ModelOptions::context");
  const auto option = [&](const std::string& text) { return refuse(errc::invalid_options, text); };
  if (options.max_tokens == 0) return option("max_tokens is 0");
  if (!(options.temperature >= 0) || std::isinf(options.temperature))
    return option("the temperature is " + std::to_string(options.temperature) + ": it must be 0 or more, and finite");
  if (!(options.top_p > 0) || options.top_p > 1)
    return option("top_p is " + std::to_string(options.top_p) + ": it must be above 0, and at most 1");
  if (options.stop_tokens.size() > 1024)
    return option("there are " + std::to_string(options.stop_tokens.size()) + " stop tokens, more than 1024");
  if (!options.request.outputs.empty() || !options.request.keep_on_device.empty())
    return option("request.outputs or request.keep_on_device names outputs, but a generation gives tokens");
  const KeptText& text = options.text;
  if (text.lost())
    return refuse(errc::tensor_lost, "the text of " + std::to_string(text.tokens()) +
                                         " tokens is lost: another generation has gone on with it, or its tab is gone");
  if (prompt.empty() && !text.unread()) return refuse(errc::bad_input, "the prompt is empty");
  const std::int64_t vocabulary = vocabulary_of(info);
  const auto known = [&](std::int64_t token) { return token >= 0 && (vocabulary == Shape::any || token < vocabulary); };
  for (const std::int64_t token : prompt)
    if (!known(token))
      return refuse(errc::bad_input,
                    "the prompt has the token " + std::to_string(token) +
                        (vocabulary == Shape::any ? ", which is none" : "; there are " + std::to_string(vocabulary)));
  for (const std::int64_t token : options.stop_tokens)
    if (!known(token)) return option(std::to_string(token) + " is among the stop tokens, but is not a token");
  const std::size_t read = text.tokens() + prompt.size();
  if (read > context || options.max_tokens > context - read)
    return refuse(errc::bad_input, (text ? "a text of " + std::to_string(text.tokens()) + " tokens, " : std::string()) +
                                       "a prompt of " + std::to_string(prompt.size()) + " tokens and max_tokens " +
                                       std::to_string(options.max_tokens) + " exceed its context of " +
                                       std::to_string(context));
  return std::nullopt;
}

}  // namespace webpool::driver
