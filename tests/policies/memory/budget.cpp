#include <webpool/policies/memory/budget.hpp>

#include <array>
#include <chrono>
#include <limits>

#include "../../catch.hpp"

using namespace webpool;
using namespace webpool::memory::detail;
using namespace std::chrono_literals;

namespace {
constexpr MemoryDecision load{}, refuse{MemoryDecision::Kind::refuse};
constexpr MemoryDecision evict(std::uint32_t model) { return {MemoryDecision::Kind::evict, {model}}; }
constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

constexpr LoadedModel held(std::uint32_t model, bool idle, std::size_t bytes = 100) {
  return {.model = {model}, .bytes = bytes, .last_used = TimePoint(1s), .idle = idle, .loaded = {}};
}

/// The victim is the one with the least index.
template <std::size_t N>
constexpr MemoryDecision decide(MemorySettings settings, std::array<LoadedModel, N> models, std::size_t needed,
                                std::size_t elsewhere = 0, double share = 1) {
  std::size_t used = 0;
  for (const LoadedModel& each : models) used += each.bytes;
  return keep_to_budgets({settings, models, used, needed, used + elsewhere, {}}, share,
                         [](const LoadedModel& model) { return model.model; });
}
constexpr MemorySettings tab(std::size_t bytes) { return {.bytes_per_connection = bytes}; }
constexpr MemorySettings pool(std::size_t bytes) { return {.bytes_for_pool = bytes}; }
}  // namespace

TEST_CASE("a share that is none counts as 1") {
  STATIC_REQUIRE(share_of(0.8) == 0.8);
  STATIC_REQUIRE(share_of(0) == 0);
  STATIC_REQUIRE(share_of(-0.1) == 1);
  STATIC_REQUIRE(share_of(1.5) == 1);
  STATIC_REQUIRE(share_of(no_number) == 1);
}

TEST_CASE("bytes are within a share of a budget, and sums don't overflow") {
  STATIC_REQUIRE(within(50, 50, 100));
  STATIC_REQUIRE_FALSE(within(50, 51, 100));
  STATIC_REQUIRE(within(50, 30, 100, 0.8));
  STATIC_REQUIRE_FALSE(within(50, 31, 100, 0.8));
  STATIC_REQUIRE(within(most, most, 0));
  STATIC_REQUIRE_FALSE(within(most, most, 100));
  STATIC_REQUIRE_FALSE(within(most, 2, most));
}

TEST_CASE("the least value leaves first, among equals the least recently used") {
  STATIC_REQUIRE(decide(tab(400), std::array{held(3, true), held(2, true), held(1, false)}, 200) == evict(2));
  constexpr auto equal = [](TimePoint first, TimePoint second) {
    std::array models{held(1, true), held(2, true)};
    models[0].last_used = first;
    models[1].last_used = second;
    return keep_to_budgets({tab(200), models, 200, 100, 200, {}}, 1, [](const LoadedModel&) { return 0; });
  };
  STATIC_REQUIRE(equal(TimePoint(2s), TimePoint(1s)) == evict(2));
  STATIC_REQUIRE(equal(TimePoint(1s), TimePoint(2s)) == evict(1));
}

TEST_CASE("the pool's budget is kept like the tab's") {
  STATIC_REQUIRE(decide(pool(1000), std::array{held(1, true)}, 100, 800) == load);
  STATIC_REQUIRE(decide(pool(1000), std::array{held(1, true)}, 100, 801) == evict(1));
  STATIC_REQUIRE(decide(pool(1000), std::array{held(1, false)}, 100, 801) == refuse);
  STATIC_REQUIRE(decide(pool(1000), std::array{held(1, true)}, 100, 700, 0.8) == evict(1));
  STATIC_REQUIRE(decide(pool(1000), std::array{held(1, false)}, 100, 700, 0.8) == load);
  STATIC_REQUIRE(decide(pool(100), std::array<LoadedModel, 0>{}, 101) == refuse);
}

TEST_CASE("nothing is evicted for what could not be loaded even so") {
  STATIC_REQUIRE(decide(tab(300), std::array{held(1, true), held(2, false), held(3, false)}, 101) == refuse);
  STATIC_REQUIRE(decide(pool(1000), std::array{held(1, true), held(2, true)}, 200, 801) == refuse);
  constexpr MemorySettings two{.models_per_connection = 2};
  STATIC_REQUIRE(decide(two, std::array{held(1, false), held(2, false), held(3, true)}, 1) == refuse);
  STATIC_REQUIRE(decide(two, std::array{held(1, true), held(2, false), held(3, true)}, 1) == evict(1));
}

TEST_CASE("figures that contradict each other break nothing") {
  const std::array models{held(1, true, most), held(2, true, most)};
  constexpr MemorySettings settings{.bytes_per_connection = 100, .bytes_for_pool = 100};
  CHECK(keep_to_budgets({settings, models, 5, 10, 0, {}}, no_number, [](const LoadedModel&) { return no_number; }) ==
        load);
  CHECK(keep_to_budgets({settings, models, 99, 10, 0, {}}, no_number, [](const LoadedModel&) {
          return no_number;
        }).kind == MemoryDecision::Kind::evict);
}
