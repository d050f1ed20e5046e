#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/policies/scaling/pace.hpp>
#include <webpool/policies/scaling/service_time.hpp>

namespace webpool::scaling {

/// As many tabs as keep the time in the queue at a goal. By Little's law (Little, "A proof for the queuing formula
/// L = λW", Operations Research 9, 1961) requests wait for queued / throughput. If n tabs are busy for S with each
/// request, the throughput is n / S. So
///
///     tabs = ceil(S · max(λ, q / goal))
///
/// λ: requests submitted per second, smoothed with α per second. q: waiting requests, or their smoothed number if that
/// is less, because a burst is over before a browser has started. S is measured per answer and not derived from how
/// many requests ended: refused and cancelled ones kept no tab busy, and if tabs are idle, the rate says nothing about
/// what they could do. The pool grows at once and shrinks by one tab at a time, `cooldown` after the last change.
///
/// Nothing changes until a request has been answered, or while no tab holds a model. A goal of 0 or less wants all tabs
/// as soon as something waits. α outside 0 .. 1 counts as 0.2.
///
/// Use it if you promise a waiting time. Service comes on top of the goal, half of the requests wait longer than the
/// mean, and S counts double if two models of a tab overlap. If load varies with the hour, `Predictive` is ready
/// earlier.
class TargetWait {
 public:
  struct Settings {
    std::chrono::nanoseconds goal = std::chrono::milliseconds(100);  ///< mean time in the queue
    double alpha = 0.2;                                              ///< weight of the newest second in λ and q
    std::chrono::seconds cooldown{30};                               ///< from any change to the next shrinking
  };

  TargetWait() = default;
  explicit TargetWait(Settings settings) noexcept : settings_(settings) {
    if (!(settings_.alpha >= 0 && settings_.alpha <= 1)) settings_.alpha = Settings().alpha;
  }

  void observe(const Outcome& outcome) noexcept { service_.observe(outcome); }

  std::size_t desired(const PoolLoad& load) noexcept {
    smooth(load);
    const double service = service_.at(load.now);
    const std::size_t tabs = load.connections + load.starting;
    if (tabs == 0) return load.queued > 0 ? 1 : 0;
    std::size_t wanted = tabs;
    if (service > 0 && load.capacity > 0) {
      const double waiting = std::min(static_cast<double>(load.queued), queued_);
      const double goal = std::max(std::chrono::duration<double>(settings_.goal).count(), 1e-9);
      wanted = detail::whole_tabs(service * std::max(rate_, waiting / goal), load);
    }
    return pace_.step(wanted, load);
  }

 private:
  void smooth(const PoolLoad& load) noexcept {
    const double queued = static_cast<double>(load.queued);
    const double seconds = started_ ? std::chrono::duration<double>(load.now - last_).count() : 0;
    if (!started_) {
      queued_ = queued;
    } else if (seconds > 0) {
      const double arrived = load.submitted > submitted_ ? static_cast<double>(load.submitted - submitted_) : 0;
      const double keep = std::pow(1 - settings_.alpha, seconds);
      rate_ = arrived / seconds + (rate_ - arrived / seconds) * keep;
      queued_ = queued + (queued_ - queued) * keep;
    } else {
      return;
    }
    started_ = true;
    last_ = load.now;
    submitted_ = load.submitted;
  }

  Settings settings_{};
  detail::ServiceTime service_;
  detail::Pace pace_{settings_.cooldown};
  double rate_ = 0, queued_ = 0;  // λ and q, smoothed
  std::uint64_t submitted_ = 0;
  TimePoint last_{};
  bool started_ = false;
};

static_assert(ScalingPolicy<TargetWait> && Observer<TargetWait>);

}  // namespace webpool::scaling
