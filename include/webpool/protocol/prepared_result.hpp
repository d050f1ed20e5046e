#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/datatype.hpp>
#include <webpool/protocol/frame.hpp>
#include <webpool/protocol/messages.hpp>
#include <webpool/shape.hpp>
#include <webpool/tensor.hpp>

namespace webpool::protocol {

/// What a worker's next result will look like if its header differs from the last one only in the id and the times, as
/// when a model is called again and again. Such a result is read without JSON, whose parsing would be a third of the
/// host's work for a small tensor. Not thread-safe.
class PreparedResult {
 public:
  /// Learns from the header that `result` was read from. A large one is not worth it.
  void learn(std::span<const std::byte> header, const Result& result) {
    between_.clear();
    const std::string_view text(reinterpret_cast<const char*>(header.data()), header.size());
    const std::size_t times = text.rfind(times_start);
    if (text.size() > most_bytes || times == text.npos || !result.kept.empty() || result.finish) return;
    Text rest{text};
    Result own;
    if (!rest.take(start) || !rest.take_id(own.id) || rest.text.size() < text.size() - times) return;
    between_ = rest.text.substr(0, rest.text.size() - (text.size() - times));
    rest.text.remove_prefix(between_.size());
    // If a field occurs twice, the JSON reader may have used the other one.
    if (!rest.take_times(own.times) || own.id != result.id || own.times.queued != result.times.queued ||
        own.times.upload != result.times.upload || own.times.compute != result.times.compute ||
        own.times.download != result.times.download)
      return between_.clear();
    outputs_.clear();
    for (const auto& [name, tensor] : result.outputs)
      outputs_.push_back({name, tensor.datatype(), tensor.shape(), tensor.bytes().size()});
  }

  /// The result, if the header is as expected. Its tensors refer to the frame, which `owner` keeps alive. Throws
  /// `errc::malformed_frame` if the frame does not hold them.
  std::optional<Result> read(FrameReader& frame, const std::shared_ptr<const void>& owner) const {
    Text rest{{reinterpret_cast<const char*>(frame.header().data()), frame.header().size()}};
    Result result;
    if (between_.empty() || !rest.take(start) || !rest.take_id(result.id) || !rest.take(between_) ||
        !rest.take_times(result.times))
      return std::nullopt;
    result.outputs.reserve(outputs_.size());
    for (const auto& [name, datatype, shape, bytes] : outputs_)
      result.outputs.push_back({name, Tensor(datatype, shape, frame.tensor(bytes, name), owner)});
    return result;
  }

 private:
  static constexpr std::string_view start = R"({"type":"result","id":)", times_start = R"(,"times":{"queued":)";
  static constexpr std::size_t most_bytes = 4096;

  struct Output {
    std::string name;
    Datatype datatype;
    Shape shape;
    std::size_t bytes;
  };

  /// The rest of a header. Each function removes something from its front, if that is there.
  struct Text {
    std::string_view text;

    bool take(std::string_view what) noexcept {
      if (!text.starts_with(what)) return false;
      text.remove_prefix(what.size());
      return true;
    }

    /// Decimal digits without a sign or leading zeros, no more than fit: their count, or 0.
    std::size_t take_digits(std::uint64_t& number) noexcept {
      constexpr std::size_t most = 15;
      std::size_t count = 0;
      for (number = 0; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count)
        if (count < most) number = 10 * number + static_cast<std::uint64_t>(text[count] - '0');
      text.remove_prefix(count);
      return count > most ? 0 : count;
    }

    bool take_integer(std::uint64_t& number) noexcept {
      const bool zero = text.starts_with('0');
      const std::size_t digits = take_digits(number);
      return zero ? digits == 1 : digits > 0;
    }

    bool take_id(RequestId& id) noexcept { return take_integer(id.value); }

    /// A number with at most three decimals, as pages write times: the nearest `double`.
    bool take_time(double& milliseconds) noexcept {
      constexpr std::array<std::uint64_t, 4> to_thousandths{1000, 100, 10, 1};
      constexpr std::uint64_t most = 1'000'000'000;
      std::uint64_t whole = 0, fraction = 0;
      if (!take_integer(whole) || whole > most) return false;
      std::size_t digits = 0;
      if (take(".")) {
        digits = take_digits(fraction);
        if (digits == 0 || digits >= to_thousandths.size()) return false;
      }
      milliseconds = static_cast<double>(1000 * whole + to_thousandths[digits] * fraction) / 1000;
      return true;
    }

    /// The end of a header.
    bool take_times(RunTimes& times) noexcept {
      return take(times_start) && take_time(times.queued) && take(R"(,"upload":)") && take_time(times.upload) &&
             take(R"(,"compute":)") && take_time(times.compute) && take(R"(,"download":)") &&
             take_time(times.download) && take("}}") && text.find_first_not_of(' ') == text.npos;
    }
  };

  std::string between_;  ///< what stands between the id and the times; empty if nothing is known
  std::vector<Output> outputs_;
};

}  // namespace webpool::protocol
