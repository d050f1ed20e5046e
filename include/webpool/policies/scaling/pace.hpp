#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <webpool/concepts/scaling_policy.hpp>

namespace webpool::scaling::detail {

/// The wanted number, rounded up and clamped to 0 .. the pool's maximum; NaN is 0.
inline std::size_t whole_tabs(double wish, const PoolLoad& load) noexcept {
  const double tabs = std::ceil(wish);
  if (!(tabs > 0)) return 0;
  return tabs < static_cast<double>(load.max_connections) ? static_cast<std::size_t>(tabs) : load.max_connections;
}

/// Grows at once, because a burst can't wait. Shrinks by one tab at a time, each a cool-down after the last change.
class Pace {
 public:
  explicit Pace(std::chrono::nanoseconds cooldown) noexcept : cooldown_(cooldown) {}

  /// Moves from the tabs that are joined or starting towards the wanted number, within the pool's bounds.
  std::size_t step(std::size_t wanted, const PoolLoad& load) noexcept {
    const std::size_t tabs = load.connections + load.starting;
    if (!started_) changed_ = load.now;
    started_ = true;
    if (wanted < tabs) wanted = load.now - changed_ >= cooldown_ ? tabs - 1 : tabs;
    wanted = std::min(std::max(wanted, load.min_connections), load.max_connections);
    if (wanted != tabs) changed_ = load.now;
    return wanted;
  }

 private:
  std::chrono::nanoseconds cooldown_;
  TimePoint changed_{};
  bool started_ = false;
};

}  // namespace webpool::scaling::detail
