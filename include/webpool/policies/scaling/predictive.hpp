#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/policies/scaling/holt_winters.hpp>
#include <webpool/policies/scaling/pace.hpp>
#include <webpool/policies/scaling/service_time.hpp>
#include <webpool/policies/scaling/utilization.hpp>

namespace webpool::scaling {

/// Has tabs ready when the load of the hour comes. `HoltWinters` forecasts λ, the requests submitted per second, from
/// buckets of time. With S, how long a tab is busy with one request,
///
///     tabs = max(what Utilization wants, ceil(λ · S / up))        λ: the highest forecast from now to now + horizon
///
/// The forecast only adds to `Utilization`, which alone decides until a whole season and a service are known: a wrong
/// forecast costs idle tabs, never a burst.
///
/// Why this method: load has a rhythm, mostly the day's, and a trend. A line through the last points, the usual choice,
/// has no rhythm: it keeps rising after each peak and doesn't see a morning coming. Holt-Winters has both, with one
/// number per bucket, O(1) per step, and no training.
///
/// The season counts from the pool's start; the clock has no midnight. After a gap longer than a season, learning
/// starts again. An unusual day enters the next day's forecast with weight γ.
///
/// Use it if load recurs by the clock and browsers start slowly. If it doesn't recur, this is `Utilization` with
/// needless tabs. A bucket should be long enough for some ten requests: smaller counts are noise.
class Predictive {
 public:
  struct Settings {
    std::chrono::nanoseconds bucket = std::chrono::minutes(1);    ///< at least 1 ms
    HoltWinters::Settings forecast{};                             ///< season: 1440 buckets, a day
    std::chrono::nanoseconds horizon = std::chrono::seconds(30);  ///< a browser's start plus a model's load
    Utilization::Settings reactive{};                             ///< its `up` is the target share of busy time
  };

  Predictive() = default;
  explicit Predictive(Settings settings) : settings_(settings) {}

  void observe(const Outcome& outcome) noexcept { service_.observe(outcome); }

  std::size_t desired(const PoolLoad& load) noexcept {
    const std::size_t now = reactive_.desired(load);
    count(load);
    const double service = service_.at(load.now);
    if (!forecast_.ready() || service <= 0) return now;
    const auto into = load.now - began_ + settings_.horizon;
    const auto last = into > Duration(0) ? static_cast<std::size_t>(into / bucket_) : 0;
    double rate = 0;
    for (std::size_t i = 0; i <= std::min(last, most_buckets); ++i) rate = std::max(rate, forecast_.forecast(i + 1));
    return std::max(now, detail::whole_tabs(rate * service / settings_.reactive.up, load));
  }

 private:
  // However long the horizon is: this is asked a few times per second.
  static constexpr std::size_t most_buckets = 1000;

  /// Adds the buckets that are over to the forecast.
  void count(const PoolLoad& load) noexcept {
    const auto buckets = started_ && load.now > began_ ? (load.now - began_) / bucket_ : 0;
    if (started_ && buckets == 0) return;
    if (started_ && static_cast<std::size_t>(buckets) <= std::max<std::size_t>(settings_.forecast.season, 1)) {
      const double arrived = load.submitted > submitted_ ? static_cast<double>(load.submitted - submitted_) : 0;
      const double seconds = std::chrono::duration<double>(bucket_).count() * static_cast<double>(buckets);
      for (auto i = buckets; i > 0; --i) forecast_.add(arrived / seconds);
      began_ += bucket_ * buckets;
    } else {
      forecast_ = HoltWinters(settings_.forecast);
      began_ = load.now;
    }
    started_ = true;
    submitted_ = load.submitted;
  }

  Settings settings_{};
  std::chrono::nanoseconds bucket_ = std::max<std::chrono::nanoseconds>(settings_.bucket, std::chrono::milliseconds(1));
  Utilization reactive_{settings_.reactive};
  HoltWinters forecast_{settings_.forecast};
  detail::ServiceTime service_;
  std::uint64_t submitted_ = 0;
  TimePoint began_{};  // of the bucket that is open
  bool started_ = false;
};

static_assert(ScalingPolicy<Predictive> && Observer<Predictive>);

}  // namespace webpool::scaling
