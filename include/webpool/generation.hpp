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

/// How a decoder continues a prompt.
///
/// At `temperature` 0 the most likely token always follows. Otherwise the token is drawn: logits are divided by the
/// temperature, only the `top_k` most likely tokens are kept (0: all), and of these only the fewest that together have
/// the probability `top_p` (1: all). Random numbers come from `std::mt19937` with the `seed`. The same model, prompt
/// and options therefore give the same text, unless logits differ by enough to change a draw.
struct GenerationOptions {
  std::size_t max_tokens = 64;  ///< at least 1; the prompt and these must fit into the model's context together
  double temperature = 0;
  std::size_t top_k = 0;
  double top_p = 1;  ///< above 0, at most 1
  std::uint32_t seed = 0;
  std::vector<std::int64_t> stop_tokens{};  ///< each ends the text and is not part of it; at most 1024
  /// Continues this text, in its tab, and reads only the prompt, which may be empty if the last generation ended by
  /// `Finish::length`. That uses the text up, even if the generation fails. If the text is lost, the generation ends
  /// with `errc::tensor_lost` before anything is written.
  KeptText text{};
  bool keep = false;  ///< leaves the cache in the tab, for `Generation::text`
  /// Priority, deadline and so on. The generation is retried in another tab only until its first token: tokens are
  /// never delivered twice, and losing the tab after that is an error.
  RequestOptions request{};
};

/// Why a generation ended without an error.
enum class Finish : std::uint8_t {
  length,  ///< it has `GenerationOptions::max_tokens`
  stop,    ///< a stop token came
};

/// What a decoder wrote.
struct Generation {
  std::vector<std::int64_t> tokens{};  ///< without the prompt
  Finish finish = Finish::length;
  RunTimes times{};                      ///< `compute` is the sum of its steps
  double first_token = 0;                ///< milliseconds from submission to the first token; 0 if none came
  KeptText text{};                       ///< the whole text, if `GenerationOptions::keep` was set
  std::shared_ptr<const Where> place{};  ///< the tab that computed it

  const Where& where() const noexcept { return *place; }
};

/// Called with each token as it comes.
using TokenHandler = std::function<void(std::int64_t)>;

}  // namespace webpool
