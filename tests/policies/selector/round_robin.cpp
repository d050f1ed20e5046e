#include <webpool/policies/selector/round_robin.hpp>

#include <array>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace webpool;

TEST_CASE("RoundRobin gives each idle tab its turn") {
  rig::Tabs tabs(4);
  tabs.states[2].in_flight = 1;
  selector::RoundRobin selector;
  std::array<int, 4> taken{};
  for (int i = 0; i < 30; ++i) ++taken.at(selector.select(tabs.view(), {})->value);
  CHECK(taken == std::array{10, 10, 0, 10});
}

TEST_CASE("RoundRobin goes round the busy tabs when none is idle") {
  rig::Tabs tabs(3);
  for (auto& each : tabs.states) each.in_flight = 1;
  selector::RoundRobin selector;
  std::array<int, 3> taken{};
  for (int i = 0; i < 30; ++i) ++taken.at(selector.select(tabs.view(), {})->value);
  CHECK(taken == std::array{10, 10, 10});
}
