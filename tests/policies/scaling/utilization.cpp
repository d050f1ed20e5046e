#include <webpool/policies/scaling/utilization.hpp>

#include "../../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {
/// Two places per tab, as with the default `requests_in_flight`.
PoolLoad at(Duration time, std::size_t tabs, std::size_t busy, std::size_t queued = 0) {
  return {.now = TimePoint(1000s) + time,
          .min_connections = 1,
          .max_connections = 8,
          .connections = tabs,
          .starting = 0,
          .in_flight = busy,
          .capacity = 2 * tabs,
          .queued = queued};
}
}  // namespace

TEST_CASE("Utilization stays put between its thresholds") {
  scaling::Utilization policy;
  for (int i = 0; i < 100; ++i) CHECK(policy.desired(at(i * 1s, 4, 4)) == 4);
}

TEST_CASE("Utilization grows at once by what the demand needs at 70 %") {
  scaling::Utilization policy;
  CHECK(policy.desired(at(0s, 2, 4, 4)) == 6);  // 8 / (0.7 * 2) = 5.7
}

TEST_CASE("Utilization grows by at least one, and never past the bounds") {
  scaling::Utilization policy;
  CHECK(policy.desired(at(0s, 4, 6)) == 5);
  CHECK(scaling::Utilization().desired(at(0s, 4, 8, 1000)) == 8);
}

TEST_CASE("a burst shorter than the smoothing changes nothing") {
  scaling::Utilization policy;
  for (int i = 0; i < 60; ++i) policy.desired(at(i * 100ms, 4, 4));
  CHECK(policy.desired(at(6s, 4, 8)) == 4);
}

TEST_CASE("the rate of calls doesn't change the smoothing") {
  const auto grows_after = [](Duration step) {
    scaling::Utilization policy;
    policy.desired(at(0s, 4, 2));
    Duration time = step;
    while (policy.desired(at(time, 4, 8)) == 4) time += step;
    return time;
  };
  CHECK(std::chrono::abs(grows_after(100ms) - grows_after(10ms)) <= 100ms);
}

TEST_CASE("Utilization shrinks one at a time, 30 s after the last change") {
  scaling::Utilization policy;
  policy.desired(at(0s, 4, 0));
  CHECK(policy.desired(at(29s, 4, 0)) == 4);
  CHECK(policy.desired(at(30s, 4, 0)) == 3);
  CHECK(policy.desired(at(31s, 3, 0)) == 3);
  CHECK(policy.desired(at(60s, 3, 0)) == 2);
  CHECK(policy.desired(at(90s, 2, 0)) == 1);
  CHECK(policy.desired(at(200s, 1, 0)) == 1);
}

TEST_CASE("tabs that start, or hold nothing yet, count with the places of the others") {
  scaling::Utilization policy;
  PoolLoad load = at(0s, 1, 2);
  CHECK(policy.desired(load) == 2);
  load = at(1s, 1, 2);
  load.starting = 1;
  CHECK(policy.desired(load) == 2);
  load = at(2s, 2, 2);
  load.capacity = 2;
  CHECK(policy.desired(load) == 2);
}

TEST_CASE("without a tab, waiting requests want one") {
  scaling::Utilization policy;
  PoolLoad load = at(0s, 0, 0);
  load.min_connections = 0;
  CHECK(policy.desired(load) == 0);
  load.queued = 5;
  CHECK(policy.desired(load) == 1);
}

TEST_CASE("requests that wait for a first load are no reason for more tabs") {
  scaling::Utilization policy;
  PoolLoad load = at(0s, 2, 0, 50);
  load.capacity = 0;
  CHECK(policy.desired(load) == 2);
}

TEST_CASE("the settings can be changed") {
  scaling::Utilization policy({.up = 0.9, .down = 0.5, .cooldown = 5s});
  policy.desired(at(0s, 4, 3));
  CHECK(policy.desired(at(5s, 4, 3)) == 3);
}
