#include <webpool/policies/scaling/warm_spare.hpp>

#include <limits>
#include <webpool/policies/scaling/fixed.hpp>
#include <webpool/policies/scaling/memory_limited.hpp>
#include <webpool/policies/scaling/target_wait.hpp>

#include "../../catch.hpp"
#include "outcomes.hpp"

using namespace webpool;
using namespace webpool::scaling;
using namespace std::chrono_literals;

static_assert(ScalingPolicy<WarmSpare<MemoryLimited<>>> && ScalingPolicy<MemoryLimited<WarmSpare<TargetWait>>>);
static_assert(Observer<WarmSpare<TargetWait>> && !Observer<WarmSpare<Fixed>>);

namespace {
/// What the inner policy is shown.
struct Spy {
  PoolLoad* seen;
  constexpr std::size_t desired(const PoolLoad& load) noexcept {
    *seen = load;
    return load.connections + load.starting;
  }
};
static_assert(ScalingPolicy<Spy>);

constexpr PoolLoad load(std::size_t tabs, std::size_t starting = 0) {
  return {.now = TimePoint(1000s),
          .min_connections = 2,
          .max_connections = 8,
          .connections = tabs,
          .starting = starting,
          .capacity = 2 * tabs,
          .memory_bytes = 100 * tabs};
}
}  // namespace

TEST_CASE("WarmSpare wants n more than the inner policy, within the pool's most") {
  STATIC_REQUIRE(WarmSpare<Fixed>().desired(load(2)) == 3);
  STATIC_REQUIRE(WarmSpare<Fixed>({.tabs = 4}).desired(load(2)) == 6);
  STATIC_REQUIRE(WarmSpare<Fixed>({.tabs = 100}).desired(load(2)) == 8);
  STATIC_REQUIRE(WarmSpare<Fixed>({.tabs = std::numeric_limits<std::size_t>::max()}).desired(load(2)) == 8);
  STATIC_REQUIRE(WarmSpare<Fixed>({.tabs = 0}).desired(load(2)) == 2);
}

TEST_CASE("the inner policy doesn't see the spare tabs, those that start first") {
  PoolLoad seen;
  WarmSpare<Spy> policy({.tabs = 2}, Spy{&seen});
  CHECK(policy.desired(load(5)) == 5);
  CHECK(seen.connections == 3);
  CHECK(seen.capacity == 6);
  CHECK(seen.memory_bytes == 300);
  CHECK(policy.desired(load(4, 1)) == 5);
  CHECK(seen.connections == 3);
  CHECK(seen.starting == 0);
  CHECK(policy.desired(load(0, 1)) == 2);
  CHECK(seen.connections == 0);
}

TEST_CASE("WarmSpare around Utilization grows with demand and then stays") {
  WarmSpare<> policy;
  PoolLoad now = load(4);
  for (int i = 0; i < 100; ++i) {
    now.now += 1s;
    now.in_flight = 4;  // of the 6 places that are not spare
    now.connections = policy.desired(now);
    now.capacity = 2 * now.connections;
  }
  CHECK(now.connections == 4);
  for (int i = 0; i < 100; ++i) {
    now.now += 1s;
    now.in_flight = 6;
    now.connections = policy.desired(now);
    now.capacity = 2 * now.connections;
  }
  CHECK(now.connections == 6);  // 6 / 1.4 are 5 tabs, and a spare one
}

TEST_CASE("an idle pool keeps its spare tab") {
  WarmSpare<> policy;
  PoolLoad now = load(3);
  now.min_connections = 0;
  for (int i = 0; i < 600; ++i) {
    now.now += 1s;
    now.connections = policy.desired(now);
    now.capacity = 2 * now.connections;
  }
  CHECK(now.connections == 1);
}
