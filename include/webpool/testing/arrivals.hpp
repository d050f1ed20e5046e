#pragma once

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <optional>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/request.hpp>
#include <webpool/testing/distribution.hpp>
#include <webpool/testing/random.hpp>

namespace webpool::testing {

/// What each request asks for.
struct Work {
  ModelIndex model{};
  RequestOptions options{};
  std::size_t payload_bytes = 0;
  std::uint32_t rows = 1;
};

/// Says when requests come. Times count from the start of the simulation.
///
/// | expression     | result               | contract                                                           |
/// |----------------|----------------------|--------------------------------------------------------------------|
/// | `a.work`       | `Work`               | what each request asks for                                         |
/// | `a.next(t, r)` | `optional<Duration>` | the first arrival after `t`, which is an arrival or 0; empty if    |
/// |                |                      | there is none; draws from `r`, a `Random&` of its own              |
template <class A>
concept ArrivalProcess = std::copyable<A> && requires(A a, Duration t, Random& r) {
  { a.work } -> std::convertible_to<Work>;
  { a.next(t, r) } -> std::same_as<std::optional<Duration>>;
};

/// Arrivals at a rate that varies, by thinning those of the highest rate (P. Lewis, G. Shedler, Nav. Res. Logist.
/// 26(3), 1979). `rate` is a function of time, in 1/s, and at most `highest`.
template <class Rate>
std::optional<Duration> thinned(Duration after, double highest, Rate rate, Random& random) {
  if (!(highest > 0)) return std::nullopt;
  double t = seconds_of(after);
  for (int drawn = 0; drawn < 1'000'000; ++drawn) {
    t += random.exponential() / highest;
    if (random.uniform() * highest < rate(t)) return duration_of(t);
  }
  return std::nullopt;
}

/// Independent requests.
struct Poisson {
  double rate = 1;  ///< 1/s
  Work work{};
  Duration from{}, until = Duration::max();

  std::optional<Duration> next(Duration after, Random& random) const {
    const auto at = thinned(
        std::max(after, from), rate, [this](double) { return rate; }, random);
    return at && *at < until ? at : std::nullopt;
  }
};

/// Busy for `on`, quiet for `off`, over and over; Poisson in both.
struct Bursts {
  double rate = 1, quiet_rate = 0;  ///< 1/s
  Duration on = std::chrono::seconds(1), off = std::chrono::seconds(9);
  Work work{};

  std::optional<Duration> next(Duration after, Random& random) const {
    const double period = seconds_of(on + off), busy = seconds_of(on);
    return thinned(
        after, std::max(rate, quiet_rate), [&](double t) { return std::fmod(t, period) < busy ? rate : quiet_rate; },
        random);
  }
};

/// A sine over the day: on average `rate`, up and down by `swing` (0 to 1) of it, lowest at the start.
struct DayCurve {
  double rate = 1;  ///< 1/s
  double swing = 0.9;
  Duration day = std::chrono::hours(24);
  Work work{};

  std::optional<Duration> next(Duration after, Random& random) const {
    const auto at = [this](double t) {
      return rate * (1 - swing * std::cos(2 * std::numbers::pi * t / seconds_of(day)));
    };
    return thinned(after, rate * (1 + std::abs(swing)), at, random);
  }
};

/// Requests at given times, in order.
struct Replay {
  std::vector<Duration> times{};
  Work work{};
  std::size_t played = 0;

  std::optional<Duration> next(Duration, Random&) {
    return played < times.size() ? std::optional(times[played++]) : std::nullopt;
  }
};

static_assert(ArrivalProcess<Poisson> && ArrivalProcess<Bursts> && ArrivalProcess<DayCurve> && ArrivalProcess<Replay>);

/// Clients that wait for each result, think, and ask again. Client i has the number `options.client` + i and starts
/// with the i-th work.
struct ClosedLoop {
  std::size_t clients = 1;
  Distribution think{};
  Work work{};
  std::vector<Work> then{};  ///< what each client asks for in turn after `work`
};

}  // namespace webpool::testing
