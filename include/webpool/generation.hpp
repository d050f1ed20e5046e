#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>
#include <webpool/kept_text.hpp>
#include <webpool/outputs.hpp>
#include <webpool/request.hpp>

namespace webpool {

/// How a decoder goes on with a prompt.
///
/// At `temperature` 0 the most likely token follows, always. Otherwise it is drawn: logits are divided by the
/// temperature, and of the tokens only the `top_k` most likely ones (0: all) are left, and of them the fewest that
/// together have the probability `top_p` (1: all). The numbers drawn are those of `std::mt19937` with the `seed`, so
/// that the same model, prompt and options give the same text wherever logits differ by less than chance would notice.
struct GenerationOptions {
  std::size_t max_tokens = 64;  ///< from 1; prompt and these must fit into the model's context together
  double temperature = 0;
  std::size_t top_k = 0;
  double top_p = 1;  ///< above 0, at most 1
  std::uint32_t seed = 0;
  std::vector<std::int64_t> stop_tokens{};  ///< each ends the text and is not part of it; at most 1024
  /// Goes on with this text, in its tab, and reads only the prompt, which may be empty where the last generation ended
  /// by `Finish::length`. It is used up by that, even when the generation fails. One that is lost ends the generation
  /// with `errc::tensor_lost`, before anything is written.
  KeptText text{};
  bool keep = false;  ///< leaves the cache in the tab, for `Generation::text`
  /// Priority, deadline and so on. It is run again in another tab only while no token has come: what was told is never
  /// told anew, and a tab that goes away in the middle is an error.
  RequestOptions request{};
};

/// Why a generation ended well.
enum class Finish : std::uint8_t {
  length,  ///< there are `GenerationOptions::max_tokens`
  stop,    ///< a stop token came
};

/// What a decoder wrote.
struct Generation {
  std::vector<std::int64_t> tokens{};  ///< without the prompt
  Finish finish = Finish::length;
  RunTimes times{};                      ///< `compute` is the sum of its steps
  double first_token = 0;                ///< milliseconds from submission to the first one; 0 where none came
  KeptText text{};                       ///< all of it, where `GenerationOptions::keep` asked for that
  std::shared_ptr<const Where> place{};  ///< the tab that computed it

  const Where& where() const noexcept { return *place; }
};

/// Hears each token as it comes.
using TokenHandler = std::function<void(std::int64_t)>;

}  // namespace webpool
