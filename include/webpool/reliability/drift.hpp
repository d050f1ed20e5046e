#pragma once

#include <chrono>
#include <cstdint>

namespace webpool::reliability {

/// How long runs take now, compared with how long they took at first. Browsers that leak or are throttled get slower
/// without ever failing (crawl4ai#2231: eight times slower, with every health check green).
///
/// The baseline is the mean of the first 32 runs. `recent` is an exponentially weighted mean in which each run counts a
/// tenth. Negative times count as 0.
class Drift {
 public:
  constexpr void add(std::chrono::nanoseconds service) noexcept {
    const double time = service.count() > 0 ? static_cast<double>(service.count()) : 0;
    ++runs_;
    if (runs_ <= first) baseline_ += (time - baseline_) / static_cast<double>(runs_);
    recent_ += (time - recent_) * (runs_ == 1 ? 1 : 0.1);
  }

  /// Recent time / baseline; 1 until there are enough runs to tell.
  constexpr double slowdown() const noexcept { return runs_ < 2 * first ? 1 : recent_ / nonzero(baseline_); }

  /// Recent time / that of `other`; 1 while either is new.
  constexpr double slowdown_against(const Drift& other) const noexcept {
    return runs_ < first || other.runs_ < first ? 1 : recent_ / nonzero(other.recent_);
  }

 private:
  static constexpr std::uint64_t first = 32;
  static constexpr double nonzero(double time) noexcept { return time > 1 ? time : 1; }

  std::uint64_t runs_ = 0;
  double baseline_ = 0, recent_ = 0;  // nanoseconds
};

}  // namespace webpool::reliability
