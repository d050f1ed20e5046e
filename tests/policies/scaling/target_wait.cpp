#include <webpool/policies/scaling/target_wait.hpp>

#include <limits>

#include "../../catch.hpp"
#include "outcomes.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {
/// `arrivals` per second; 100 ms of service each.
struct Pool {
  explicit Pool(scaling::TargetWait::Settings settings = {}) : policy(settings) { answer(policy, 100ms); }

  std::size_t after(Duration time, std::size_t tabs, std::uint64_t arrivals, std::size_t queued) {
    std::size_t wanted = tabs;
    for (const Duration end = now + time; now < end; now += 100ms) {
      submitted += arrivals / 10;
      wanted = policy.desired({.now = TimePoint(now),
                               .min_connections = 1,
                               .max_connections = 20,
                               .connections = tabs,
                               .in_flight = tabs,
                               .capacity = 2 * tabs,
                               .queued = queued,
                               .submitted = submitted});
    }
    return wanted;
  }

  scaling::TargetWait policy;
  Duration now{1000s};
  std::uint64_t submitted = 5'000;
};
}  // namespace

TEST_CASE("TargetWait wants tabs for what arrives") {
  CHECK(Pool().after(60s, 2, 50, 0) == 5);  // 50 requests of 100 ms per second
}

TEST_CASE("TargetWait wants tabs enough for the queue to last no longer than the goal") {
  Pool pool({.goal = 1s});
  // 100 wait; tabs that serve 10 per second each: ten get through with them in a second.
  CHECK(pool.after(60s, 2, 10, 100) == 10);
  CHECK(Pool({.goal = 2s}).after(60s, 2, 10, 100) == 5);
  CHECK(Pool({.goal = 2s}).after(60s, 2, 80, 100) == 8);
}

TEST_CASE("a burst that is over before a browser starts changes nothing") {
  Pool pool;
  CHECK(pool.after(20s, 2, 10, 0) == 2);
  CHECK(pool.after(200ms, 2, 10, 5) == 2);
  CHECK(pool.after(10s, 2, 10, 0) == 2);
  CHECK(pool.after(10s, 2, 10, 5) > 2);
}

TEST_CASE("TargetWait shrinks one at a time, a cool-down after the last change") {
  Pool pool;
  CHECK(pool.after(30s, 8, 10, 0) == 8);
  CHECK(pool.after(100ms, 8, 10, 0) == 7);
  CHECK(pool.after(10s, 7, 10, 0) == 7);
}

TEST_CASE("TargetWait changes nothing as long as it knows no service or no tab holds a model") {
  scaling::TargetWait policy;
  PoolLoad load{.now = TimePoint(1000s),
                .min_connections = 0,
                .max_connections = 8,
                .connections = 3,
                .capacity = 6,
                .queued = 1000};
  CHECK(policy.desired(load) == 3);
  answer(policy, 1s);
  load.capacity = 0;
  load.now += 1s;
  CHECK(policy.desired(load) == 3);
  load.connections = 0;
  CHECK(policy.desired(load) == 1);
  load.queued = 0;
  CHECK(policy.desired(load) == 0);
}

TEST_CASE("TargetWait takes bad settings and clocks") {
  for (const double alpha : {-1.0, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    Pool pool({.goal = -1s, .alpha = alpha});
    CHECK(pool.after(60s, 2, 50, 0) == 5);
    CHECK(pool.after(10s, 5, 50, 1) == 20);
    pool.now -= 500s;
    pool.submitted = 0;
    CHECK(pool.after(1s, 5, 50, 0) >= 1);
  }
}
