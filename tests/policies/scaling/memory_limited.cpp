#include <webpool/policies/scaling/memory_limited.hpp>

#include <webpool/policies/scaling/fixed.hpp>
#include <webpool/policies/scaling/target_wait.hpp>

#include "../../catch.hpp"

using namespace webpool;
using namespace webpool::scaling;
using namespace std::chrono_literals;

static_assert(ScalingPolicy<MemoryLimited<Fixed>> && ScalingPolicy<MemoryLimited<MemoryLimited<TargetWait>>>);
static_assert(Observer<MemoryLimited<TargetWait>> && !Observer<MemoryLimited<Fixed>>);

namespace {
/// Fixed inside wishes for 10.
PoolLoad at(Duration time, std::size_t tabs, std::size_t memory) {
  return {.now = TimePoint(1000s) + time,
          .min_connections = 10,
          .max_connections = 20,
          .connections = tabs,
          .memory_bytes = memory};
}
}  // namespace

TEST_CASE("MemoryLimited allows as many tabs as their memory fits") {
  MemoryLimited<Fixed> policy({.bytes = 1000});
  CHECK(policy.desired(at(0s, 1, 0)) == 10);  // nothing known yet
  CHECK(policy.desired(at(1s, 2, 400)) == 5);
  CHECK(policy.desired(at(2s, 2, 420)) == 4);
  CHECK(policy.desired(at(3s, 2, 20'000)) == 1);
  CHECK(MemoryLimited<Fixed>({.bytes = 1000}).desired(at(0s, 2, 2)) == 10);
}

TEST_CASE("tabs that hold nothing yet don't make room for more") {
  MemoryLimited<Fixed> policy({.bytes = 1000});
  CHECK(policy.desired(at(0s, 1, 250)) == 4);
  CHECK(policy.desired(at(1s, 4, 250)) == 4);
  CHECK(policy.desired(at(2s, 4, 1000)) == 4);
}

TEST_CASE("a tab that drains is no reason to close the next one") {
  MemoryLimited<Fixed> policy({.bytes = 2500});
  CHECK(policy.desired(at(0s, 3, 3000)) == 2);
  CHECK(policy.desired(at(1s, 2, 3000)) == 2);  // its memory still counts
  CHECK(policy.desired(at(5s, 2, 2000)) == 2);
  CHECK(policy.desired(at(20s, 2, 2000)) == 2);
}

TEST_CASE("no limit and no tabs leave the inner policy its way") {
  CHECK(MemoryLimited<Fixed>().desired(at(0s, 2, 1'000'000)) == 10);
  CHECK(MemoryLimited<Fixed>({.bytes = 1000}).desired(at(0s, 0, 1'000'000)) == 10);
}
