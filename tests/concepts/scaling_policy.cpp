#include <webpool/concepts/scaling_policy.hpp>

#include "../catch.hpp"
#include "archetypes.hpp"

using namespace archetypes;

TEST_CASE("a scaling policy is movable and has a desired that cannot throw") {
  STATIC_REQUIRE(ScalingPolicy<Scaling>);
  STATIC_REQUIRE_FALSE(ScalingPolicy<ScalingNotMovable>);
  STATIC_REQUIRE_FALSE(ScalingPolicy<ScalingWithoutDesired>);
  STATIC_REQUIRE_FALSE(ScalingPolicy<ScalingThatMayThrow>);
  STATIC_REQUIRE_FALSE(ScalingPolicy<ScalingWithInt>);
  STATIC_REQUIRE_FALSE(ScalingPolicy<ScalingThatChangesTheLoad>);
}
