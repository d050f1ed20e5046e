#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace webpool::reliability {

/// How long to wait for an answer, judged by how long earlier answers took. It is ten times what TCP waits before it
/// retransmits (RFC 6298), because ending a worker costs more than sending a packet:
///
///     10 · (mean + 4 · deviation)      mean ← mean + (x − mean) / 8,  deviation ← deviation + (|x − mean| − deviation)
///     / 4
///
/// It is at least 3 s, which busy machines need, and at most what the options say, which also holds until there are 16
/// answers.
class Patience {
 public:
  using Duration = std::chrono::nanoseconds;

  constexpr void add(Duration answer) noexcept {
    const double time = static_cast<double>(std::max(answer, Duration(0)).count());
    const double error = time - mean_;
    if (++answers_ == 1) {
      mean_ = time;
      deviation_ = time / 2;
      return;
    }
    deviation_ += ((error < 0 ? -error : error) - deviation_) / 4;
    mean_ += error / 8;
  }

  constexpr Duration timeout(Duration most) const noexcept {
    if (answers_ < 16) return most;
    const double wait = 10 * (mean_ + 4 * deviation_);
    return wait >= static_cast<double>(most.count())
               ? most
               : std::min(most, std::max(least, Duration(static_cast<std::int64_t>(wait))));
  }

 private:
  static constexpr Duration least = std::chrono::seconds(3);

  double mean_ = 0, deviation_ = 0;  // nanoseconds
  std::uint64_t answers_ = 0;
};

}  // namespace webpool::reliability
