#include <webpool/concepts/pool_view.hpp>

#include <array>
#include <vector>

#include "../catch.hpp"

using namespace webpool;

namespace {
constexpr std::array<ConnectionIndex, 3> tabs{{{2}, {0}, {1}}};
}

TEST_CASE("a pool view shows its candidates, the idle ones at their front") {
  constexpr PoolView view({}, tabs, 1);
  STATIC_REQUIRE(view.candidates().size() == 3);
  STATIC_REQUIRE(view.idle().size() == 1);
  STATIC_REQUIRE(view.idle().front() == ConnectionIndex{2});
}

TEST_CASE("a pool view has the state of any tab by its index") {
  std::vector<ConnectionState> states(3);
  states[2].in_flight = 7;
  const PoolView view(states, tabs, 0);
  CHECK(view[view.candidates().front()].in_flight == 7);
}
