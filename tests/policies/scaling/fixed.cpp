#include <webpool/policies/scaling/fixed.hpp>

#include "../../catch.hpp"

using namespace webpool;

TEST_CASE("Fixed wants the least, whatever the load") {
  constexpr PoolLoad load{
      .now = {}, .min_connections = 3, .max_connections = 9, .in_flight = 50, .capacity = 50, .queued = 1000};
  STATIC_REQUIRE(scaling::Fixed().desired(load) == 3);
}
