#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <webpool/clock.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/scheduling/lanes.hpp>

namespace webpool::scheduling {

/// Priorities that age: each level is worth `step` of waiting. In each lane, the request with the least key comes next:
///
///     key = submitted − priority · step
///
/// All requests age at the same rate, so the order of two never changes, and a heap never has to be sorted again. This
/// is the dynamic priority rule of Jackson, "Some problems in queueing with dynamic priorities", Naval Research
/// Logistics Quarterly 7 (1960).
///
/// Nothing starves. A request of priority p is overtaken only by requests submitted within (P − p) · step after it,
/// where P is the highest priority in use. It never waits for requests that come later than that.
///
/// Use it if `Priority` would starve someone. With a step longer than any wait, this is `Priority`. With a step of 0 or
/// less, it serves in order of submission.
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
  /// Bounded to about 70 years, so that no sum overflows.
  Duration advantage(int priority) const noexcept {
    if (step_ == Duration(0)) return step_;
    const Duration::rep most = std::numeric_limits<Duration::rep>::max() / 4 / step_.count();
    return step_ * std::clamp<Duration::rep>(priority, -most, most);
  }

  Duration step_ = Settings().step;
};

static_assert(Scheduler<Aged>);

}  // namespace webpool::scheduling
