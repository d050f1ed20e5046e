#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>

namespace webpool::reliability {

/// The share of recent runs that failed. Each run counts a fifth. Without runs the share halves every 30 s, so that
/// what is avoided for its failures gets another chance.
class FailureShare {
 public:
  constexpr void add(bool ok) noexcept { share_ += ((ok ? 0 : 1) - share_) * 0.2; }
  void forgive(std::chrono::duration<double> time) noexcept { share_ *= std::exp2(-time.count() / 30); }
  constexpr double value() const noexcept { return share_; }

 private:
  double share_ = 0;
};

/// What is known about one tab, or about one model in one tab.
struct Vitals {
  double failures = 0;            ///< share of recent runs, 0 to 1
  double slowdown = 1;            ///< of runs, against the first ones and against other tabs
  unsigned unanswered_pings = 0;  ///< consecutive heartbeats
  double timer_lag_ms = 0;        ///< how late the page's own timers are, because it is throttled or overloaded
  double memory_share = 0;        ///< of what the tab may hold
};

/// From 0 (dead) to 100. A product, so that one bad sign is enough: what always fails is at 0, however fast it is.
///
///     100 · (1 − failures) · min(1, 1.5 / slowdown) · (1, 0.8, 0.4, 0 for 0, 1, 2, 3 unanswered heartbeats)
///         · 1 / (1 + timer lag / 1 s) · (1 up to 90 % of the memory, falling to 0.5 at 100 %)
///
/// At a slowdown of 1.5, a browser should have been renewed. A signal that is not a number counts as the worst.
constexpr double health(const Vitals& vitals) noexcept {
  const auto within = [](double value, double low, double high) {
    return value >= low ? std::min(value, high) : value < low ? low : high;  // NaN is the worst: the high end
  };
  const double success = 1 - within(vitals.failures, 0, 1);
  const double pace = 1.5 / within(vitals.slowdown, 1.5, 1e9);
  constexpr double heartbeat[] = {1, 0.8, 0.4, 0};
  const double timers = 1 / (1 + within(vitals.timer_lag_ms, 0, 1e9) / 1000);
  const double memory = 1 - 5 * (within(vitals.memory_share, 0.9, 1) - 0.9);
  return 100 * success * pace * heartbeat[std::min(vitals.unanswered_pings, 3u)] * timers * memory;
}

}  // namespace webpool::reliability
