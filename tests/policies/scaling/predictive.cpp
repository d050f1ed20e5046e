#include <webpool/policies/scaling/predictive.hpp>

#include <cmath>
#include <limits>

#include "../../catch.hpp"
#include "outcomes.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {
constexpr Duration day = 600s;

/// Ten "hours" of a minute each: 2 requests per second in the first half of a day, 20 in the second; 350 ms of service.
double arrivals(Duration time) { return time % day < day / 2 ? 2 : 20; }

struct Pool {
  explicit Pool(scaling::Predictive::Settings settings) : policy(settings) { answer(policy, 350ms); }
  Pool() : Pool({.bucket = 10s, .forecast = {.season = 60}, .horizon = 20s}) {}

  /// Tabs come and go as wanted, and load is what arrives by Little's law.
  std::size_t until(Duration end) {
    for (; now < end; now += 1s) {
      submitted += arrivals(now);
      const double busy = std::min(arrivals(now) * 0.35, 2.0 * static_cast<double>(tabs));
      tabs = policy.desired({.now = TimePoint(1000s + now),
                             .min_connections = 1,
                             .max_connections = 30,
                             .connections = tabs,
                             .in_flight = static_cast<std::size_t>(std::ceil(busy)),
                             .capacity = 2 * tabs,
                             .submitted = static_cast<std::uint64_t>(submitted)});
      tabs = std::max<std::size_t>(tabs, 1);
    }
    return tabs;
  }

  scaling::Predictive policy;
  Duration now{0};
  double submitted = 0;
  std::size_t tabs = 1;
};
}  // namespace

TEST_CASE("Predictive has the tabs ready before the load of the hour comes") {
  Pool pool;
  CHECK(pool.until(day) < 10);  // the first day it only follows
  CHECK(pool.until(day + day / 2 - 25s) < 10);
  CHECK(pool.until(day + day / 2 - 5s) == 10);  // 20 * 0.35 / 0.7
  CHECK(pool.until(2 * day + day / 2 - 25s) < 10);
  CHECK(pool.until(2 * day + day / 2 - 5s) == 10);
}

TEST_CASE("until a season is known, Predictive is Utilization") {
  scaling::Predictive predictive({.bucket = 1s, .forecast = {.season = 100}});
  scaling::Utilization utilization;
  answer(predictive, 10ms);
  for (int i = 0; i < 90; ++i) {
    PoolLoad load{.now = TimePoint(1000s + i * 1s),
                  .min_connections = 1,
                  .max_connections = 8,
                  .connections = 4,
                  .in_flight = static_cast<std::size_t>(i % 9),
                  .capacity = 8,
                  .submitted = static_cast<std::uint64_t>(i) * 1000};
    CHECK(predictive.desired(load) == utilization.desired(load));
  }
}

TEST_CASE("a forecast never keeps Predictive from a burst") {
  Pool pool;
  pool.until(2 * day + 100s);
  PoolLoad burst{.now = TimePoint(1000s + pool.now),
                 .min_connections = 1,
                 .max_connections = 30,
                 .connections = 1,
                 .in_flight = 2,
                 .capacity = 2,
                 .queued = 1000,
                 .submitted = static_cast<std::uint64_t>(pool.submitted)};
  std::size_t wanted = 0;
  for (int i = 0; i < 30; ++i, burst.now += 1s) wanted = pool.policy.desired(burst);
  CHECK(wanted == 30);
}

TEST_CASE("after a gap longer than a season it learns anew") {
  Pool pool;
  pool.until(2 * day);
  pool.now += 10 * day;
  pool.tabs = 1;
  CHECK(pool.until(12 * day + day / 2 - 5s) < 10);
}

TEST_CASE("Predictive takes bad settings and clocks") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Pool pool({.bucket = -1s,
             .forecast = {.season = 0, .alpha = nan, .beta = nan, .gamma = nan},
             .horizon = std::chrono::nanoseconds::max() / 4,
             .reactive = {.up = 0, .down = nan, .alpha = nan, .cooldown = -1s}});
  CHECK(pool.until(60s) <= 30);
  pool.now -= 50s;
  pool.submitted = 0;
  CHECK(pool.until(60s) <= 30);
}
