#include <webpool/policies/memory/cost_aware.hpp>

#include <array>
#include <chrono>

#include "../../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {
constexpr MemoryDecision evict(std::uint32_t model) { return {MemoryDecision::Kind::evict, {model}}; }

/// 100 bytes, loaded 100 s ago in 1 s, used 10 times, last 5 s ago.
constexpr TimePoint now(1000s);
constexpr LoadedModel held(std::uint32_t model) {
  return {.model = {model},
          .bytes = 100,
          .last_used = now - 5s,
          .idle = true,
          .loaded = now - 100s,
          .uses = 10,
          .load_time = 1s};
}

template <std::size_t N>
constexpr MemoryDecision decide(std::array<LoadedModel, N> models, TimePoint at = now) {
  const MemorySettings settings{.models_per_connection = N};
  return memory::CostAware().make_room({settings, models, 100 * N, 100, 100 * N, at});
}

template <class Change>
constexpr MemoryDecision second_with(Change change) {
  std::array models{held(1), held(2)};
  change(models[1]);
  return decide(models);
}
}  // namespace

TEST_CASE("CostAware parts with what loads faster, is used less or is larger") {
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.load_time = 900ms; }) == evict(2));
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.load_time = 1100ms; }) == evict(1));
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.uses = 9; }) == evict(2));
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.uses = 11; }) == evict(1));
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.bytes = 110; }) == evict(2));
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.bytes = 90; }) == evict(1));
}

TEST_CASE("CostAware weighs them against each other") {
  // Ten times the bytes are worth it for a model that takes eleven times as long to load.
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.bytes = 1000, m.load_time = 11s; }) == evict(1));
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.bytes = 1000, m.load_time = 9s; }) == evict(2));
}

TEST_CASE("many uses long ago count for no more than the pause since") {
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.uses = 1'000'000, m.last_used = now - 50s; }) == evict(2));
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.last_used = now - 9s; }) == evict(2));  // a tie: 11 uses in 100 s
}

TEST_CASE("a model that was just loaded is not the first to go") {
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.uses = 0, m.loaded = m.last_used = now; }) == evict(1));
}

TEST_CASE("a busy model is never a victim, however cheap") {
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.idle = false, m.load_time = 0s; }) == evict(1));
}

TEST_CASE("unknown load times, empty models and a clock that goes backwards break nothing") {
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.load_time = 0s; }) == evict(2));
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.load_time = -1s; }) == evict(2));
  STATIC_REQUIRE(second_with([](LoadedModel& m) { m.bytes = 0; }) == evict(1));
  constexpr auto early = [] {
    std::array models{held(1), held(2)};
    models[1].uses = 3;
    return decide(models, now - 200s);
  };
  STATIC_REQUIRE(early().kind == MemoryDecision::Kind::evict);
  STATIC_REQUIRE(decide(std::array{held(1), held(2)}, TimePoint::max()).kind == MemoryDecision::Kind::evict);
}

TEST_CASE("CostAware keeps to the same limits as LruBudget") {
  constexpr auto make_room = [](MemorySettings settings, std::size_t needed) {
    const std::array models{held(1)};
    return memory::CostAware().make_room({settings, models, 100, needed, 500, now});
  };
  STATIC_REQUIRE(make_room({}, 1'000'000) == MemoryDecision{});
  STATIC_REQUIRE(make_room({.bytes_per_connection = 400}, 401).kind == MemoryDecision::Kind::refuse);
  STATIC_REQUIRE(make_room({.bytes_per_connection = 400}, 221) == evict(1));  // more than 0.8 of it
  STATIC_REQUIRE(make_room({.bytes_for_pool = 1000}, 301) == evict(1));
}
