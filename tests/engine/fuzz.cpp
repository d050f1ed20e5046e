#include <random>
#include <webpool/policies/memory/cost_aware.hpp>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/memory/watermarks.hpp>
#include <webpool/policies/scaling/memory_limited.hpp>
#include <webpool/policies/scaling/predictive.hpp>
#include <webpool/policies/scaling/target_wait.hpp>
#include <webpool/policies/scaling/utilization.hpp>
#include <webpool/policies/scaling/warm_spare.hpp>
#include <webpool/policies/scheduling/aged.hpp>
#include <webpool/policies/scheduling/deadline.hpp>
#include <webpool/policies/scheduling/fair_share.hpp>
#include <webpool/policies/scheduling/limited.hpp>
#include <webpool/policies/scheduling/memory_aware.hpp>
#include <webpool/policies/scheduling/priority.hpp>
#include <webpool/policies/selector/affinity.hpp>
#include <webpool/policies/selector/breaker.hpp>
#include <webpool/policies/selector/capability.hpp>
#include <webpool/policies/selector/chain.hpp>
#include <webpool/policies/selector/healthy.hpp>
#include <webpool/policies/selector/learned.hpp>
#include <webpool/policies/selector/power_of_two.hpp>

#include "../catch.hpp"
#include "world.hpp"

using namespace rig;

namespace {

/// Leaves one decision in three for later, and otherwise takes any candidate.
struct Hesitant {
  std::optional<ConnectionIndex> select(PoolView pool, const Request&) noexcept {
    if (random() % 3 == 0) return std::nullopt;
    return pool.candidates()[random() % pool.candidates().size()];
  }
  std::minstd_rand random;
};

constexpr std::uint64_t seeds = 340;
constexpr int events = 600;  // with five sets of policies they make a million

template <class Rig>
void fuzz(std::uint64_t seed) {
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  PoolOptions options = any_options(random);
  const bool launches = options.launch_browsers;
  World<Rig, std::mt19937_64>(std::move(options), random).live(events, launches);
}

}  // namespace

TEST_CASE("fuzz: null objects") {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    fuzz<Rig<selector::FirstFit, scaling::Fixed, memory::Unlimited, scheduling::Fifo>>(seed);
}
TEST_CASE("fuzz: the policies that do something") {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    fuzz<Rig<selector::PowerOfTwo, scaling::Utilization, memory::LruBudget, scheduling::Priority>>(seed);
}
TEST_CASE("fuzz: the policies that learn and refuse") {
  using Selector = selector::Chain<selector::Healthy, selector::Breaker, selector::Affinity, selector::Learned>;
  using Queue = scheduling::Limited<scheduling::MemoryAware<scheduling::Deadline>>;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    fuzz<Rig<Selector, scaling::WarmSpare<scaling::TargetWait>, memory::CostAware, Queue>>(seed);
}
TEST_CASE("fuzz: the policies that share and predict") {
  using Scaling = scaling::MemoryLimited<scaling::Predictive>;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    fuzz<Rig<selector::Capability, Scaling, memory::Watermarks, scheduling::FairShare>>(seed);
}
TEST_CASE("fuzz: a selector that hesitates") {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    fuzz<Rig<Hesitant, scaling::Utilization, memory::LruBudget, scheduling::Aged>>(seed);
}
