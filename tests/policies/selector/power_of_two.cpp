#include <webpool/policies/selector/power_of_two.hpp>

#include <array>
#include <cstdint>
#include <vector>

#include "../../catch.hpp"

using namespace webpool;

namespace {
constexpr std::array<ConnectionIndex, 3> tabs{{{0}, {1}, {2}}};

std::vector<ConnectionState> with_loads(std::vector<unsigned> loads) {
  std::vector<ConnectionState> states(loads.size());
  for (std::size_t i = 0; i < loads.size(); ++i) states[i].in_flight = loads[i];
  return states;
}
}  // namespace

TEST_CASE("PowerOfTwo takes the only candidate, also at compile time") {
  constexpr std::array<ConnectionIndex, 1> only{{{4}}};
  STATIC_REQUIRE(*selector::PowerOfTwo(1).select(PoolView({}, only, 0), Request{}) == ConnectionIndex{4});
}

TEST_CASE("PowerOfTwo draws from the idle candidates while there are any") {
  const auto states = with_loads({9, 8, 0});
  selector::PowerOfTwo selector;
  for (int i = 0; i < 100; ++i) CHECK(selector.select(PoolView(states, tabs, 2), Request{})->value < 2);
}

TEST_CASE("of two candidates, PowerOfTwo always takes the less busy") {
  const auto states = with_loads({3, 1});
  selector::PowerOfTwo selector;
  for (int i = 0; i < 100; ++i)
    CHECK(*selector.select(PoolView(states, std::span(tabs).first(2), 0), Request{}) == ConnectionIndex{1});
}

TEST_CASE("PowerOfTwo never takes the busiest of three, and the others about 2 to 1") {
  const auto states = with_loads({1, 2, 3});
  selector::PowerOfTwo selector;
  std::array<int, 3> taken{};
  for (int i = 0; i < 30'000; ++i) ++taken[selector.select(PoolView(states, tabs, 0), Request{})->value];
  CHECK(taken[2] == 0);
  CHECK(taken[0] == Approx(20'000).epsilon(0.03));
}

TEST_CASE("two choices keep the fullest of many tabs close to the mean, one choice doesn't") {
  constexpr std::uint32_t n = 1000;
  std::vector<ConnectionState> states(n);
  std::vector<ConnectionIndex> all(n);
  for (std::uint32_t i = 0; i < n; ++i) all[i] = {i};
  selector::PowerOfTwo selector;
  for (std::uint32_t i = 0; i < n; ++i) ++states[selector.select(PoolView(states, all, 0), Request{})->value].in_flight;
  unsigned fullest = 0;
  for (const auto& each : states) fullest = std::max(fullest, each.in_flight);
  CHECK(fullest <= 4);  // log2 ln 1000 is 2.8; one choice gives 5 to 7
}
