#include <webpool/policies/scheduling/aged.hpp>
#include <webpool/policies/scheduling/deadline.hpp>
#include <webpool/policies/scheduling/fair_share.hpp>
#include <webpool/policies/scheduling/limited.hpp>
#include <webpool/policies/scheduling/memory_aware.hpp>
#include <webpool/policies/scheduling/priority.hpp>
#include <webpool/policies/selector/affinity.hpp>
#include <webpool/policies/selector/capability.hpp>
#include <webpool/policies/selector/chain.hpp>
#include <webpool/policies/selector/healthy.hpp>
#include <webpool/policies/selector/learned.hpp>
#include <webpool/policies/selector/least_loaded.hpp>
#include <webpool/policies/selector/power_of_two.hpp>
#include <webpool/policies/selector/preference.hpp>
#include <webpool/policies/selector/round_robin.hpp>

#include "../catch.hpp"
#include "../support/counting_new.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

/// Most of the backlog waits outside the inner scheduler.
struct Tight : scheduling::Limited<> {
  Tight() : Limited({.limit = 10, .when_full = scheduling::WhenFull::delay}) {}
};
using Best = selector::Chain<selector::Healthy, selector::Affinity, selector::Learned>;

/// How often 20,000 requests allocate, 8 tabs and `backlog` waiting requests after a warm-up.
template <class Queue, class Selector = selector::PowerOfTwo>
std::size_t allocations_with(std::size_t backlog) {
  PoolOptions options = attached();
  options.max_connections = 8;
  Rig<Selector, scaling::Fixed, memory::LruBudget, Queue> rig(options);
  const ModelIndex digits = rig.engine.add_model(model("digits", {}, 8), {rig.now, rig.out});
  for (int i = 0; i < 8; ++i) rig.join();
  rig.load_all();
  rig.out.clear();
  rig.out.reserve(1000);

  std::vector<Run> running;
  running.reserve(1000);
  std::size_t submitted = 0;
  const auto collect = [&] {
    for (const Action& action : rig.out)
      if (const Run* run = std::get_if<Run>(&action)) running.push_back(*run);
    rig.out.clear();
  };
  const auto submit = [&] {
    ++submitted;
    const auto deadline = submitted % 4 == 0 ? std::optional<Duration>(10s) : std::nullopt;
    rig.submit(digits, deadline, static_cast<int>(submitted % 5));
    collect();
  };
  const auto finish = [&] {
    const Run first = running.front();
    running.erase(running.begin());
    rig.finish(first);
    collect();
  };
  const auto cycle = [&](int requests) {
    for (int i = 0; i < requests; ++i) {
      rig.now += 10us;
      submit();
      finish();
    }
  };

  for (std::size_t i = 0; i < backlog + 16; ++i) submit();
  cycle(100'000);
  const std::size_t before = testing::allocations;
  cycle(20'000);
  return testing::allocations - before;
}

}  // namespace

TEMPLATE_TEST_CASE("after a warm-up, no scheduler allocates for a request", "", scheduling::Fifo, scheduling::Priority,
                   scheduling::Aged, scheduling::Deadline, scheduling::FairShare, scheduling::Limited<>,
                   scheduling::MemoryAware<>, Tight) {
  CHECK(allocations_with<TestType>(0) == 0);
  CHECK(allocations_with<TestType>(5'000) == 0);
}

TEMPLATE_TEST_CASE("after a warm-up, no selector allocates for a request", "", selector::FirstFit, selector::RoundRobin,
                   selector::PowerOfTwo, selector::LeastLoaded, selector::Preference, selector::Capability,
                   selector::Learned, Best) {
  CHECK(allocations_with<scheduling::Priority, TestType>(0) == 0);
  CHECK(allocations_with<scheduling::Priority, TestType>(5'000) == 0);
}
