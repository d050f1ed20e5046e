#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <webpool/clock.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/scheduling/lanes.hpp>

namespace webpool::scheduling {

/// Priorities that age: each level is worth `step` of waiting. In each lane, the least key comes next:
///
///     key = submitted − priority · step
///
/// All requests age at the same rate, so the order of two never changes, and a heap needs no sorting again. This is the
/// dynamic priority rule of Jackson, "Some problems in queueing with dynamic priorities", Naval Research Logistics
/// Quarterly 7 (1960).
///
/// Nothing starves: a request of priority p is overtaken only by what is submitted within (P − p) · step after it, P
/// being the highest priority in use. After that it waits for those before it, and for none that comes later.
///
/// Use it where `Priority` would starve someone. A step longer than any wait makes it `Priority`, a step of 0 (or less)
/// serves in order of submission.
class Aged : detail::KeyedLanes<Duration> {
 public:
  struct Settings {
    std::chrono::nanoseconds step = std::chrono::seconds(1);  ///< of waiting that one level of priority is worth
  };

  Aged() = default;
  explicit Aged(Settings settings) noexcept : step_(std::max<Duration>(settings.step, Duration(0))) {}

  void push(const Request& request) noexcept {
    KeyedLanes::push(request, request.submitted.time_since_epoch() - advantage(request.priority));
  }
  using KeyedLanes::erase;
  using KeyedLanes::front;
  using KeyedLanes::waiting;

 private:
  /// Bounded to some 70 years, so that no sum overflows.
  Duration advantage(int priority) const noexcept {
    if (step_ == Duration(0)) return step_;
    const Duration::rep most = std::numeric_limits<Duration::rep>::max() / 4 / step_.count();
    return step_ * std::clamp<Duration::rep>(priority, -most, most);
  }

  Duration step_ = Settings().step;
};

static_assert(Scheduler<Aged>);

}  // namespace webpool::scheduling
