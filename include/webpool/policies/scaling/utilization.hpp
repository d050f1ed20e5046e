#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/policies/scaling/pace.hpp>
#include <webpool/policies/scaling/per_tab.hpp>

namespace webpool::scaling {

/// Keeps the share of busy places between two thresholds, so that it neither runs full nor flaps.
///
///     u = (in_flight + queued) / capacity        s = u smoothed, α = 0.2 per second
///     u and s > 0.70:  tabs = max(n + 1, ceil(demand / (0.70 · places per tab)))
///     u and s < 0.30, and 30 s since the last change:  tabs = n − 1
///
/// n counts tabs that are joined or starting. The thresholds are `Settings`.
///
/// - Waiting requests count as demand, because a full pool with a long queue is not at 100 % but far above.
/// - α holds per second and not per call, so the rate of calls doesn't matter.
/// - Only shrinking waits for the cool-down, because a burst can't wait.
/// - Tabs that are starting, or have not loaded anything yet, count with as many places as the others have. Otherwise
///   every burst would launch all tabs before the first new one is ready.
///
/// Use it if load comes and goes. It does not foresee a rise: for slow browsers and a daily rhythm, use `Predictive`.
class Utilization {
 public:
  struct Settings {
    double up = 0.70, down = 0.30;      ///< thresholds for u and s
    double alpha = 0.2;                 ///< weight of the newest second in s
    std::chrono::seconds cooldown{30};  ///< from any change to the next shrinking
  };

  Utilization() = default;
  explicit Utilization(Settings settings) noexcept : settings_(settings) {}

  std::size_t desired(const PoolLoad& load) noexcept {
    const std::size_t tabs = load.connections + load.starting;
    const double demand = static_cast<double>(load.in_flight + load.queued);
    const double seconds = started_ ? std::max(0.0, std::chrono::duration<double>(load.now - last_).count()) : 0;
    const double places_per_tab = places_per_tab_.update(load.now, load.capacity, load.connections);
    const double capacity = places_per_tab * static_cast<double>(tabs);
    const double now = capacity > 0 ? demand / capacity : 0;
    smoothed_ = started_ ? now + (smoothed_ - now) * std::pow(1 - settings_.alpha, seconds) : now;
    started_ = true;
    last_ = load.now;

    if (tabs == 0) return demand > 0 ? 1 : 0;
    std::size_t wanted = tabs;
    if (now > settings_.up && smoothed_ > settings_.up)
      wanted = std::max(tabs + 1, detail::whole_tabs(demand / (settings_.up * places_per_tab), load));
    else if (now < settings_.down && smoothed_ < settings_.down)
      wanted = tabs - 1;
    return pace_.step(wanted, load);
  }

 private:
  Settings settings_{};
  detail::PerTab places_per_tab_{settings_.alpha};
  detail::Pace pace_{settings_.cooldown};
  bool started_ = false;
  TimePoint last_{};
  double smoothed_ = 0;
};

static_assert(ScalingPolicy<Utilization>);

}  // namespace webpool::scaling
