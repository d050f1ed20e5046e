#include <webpool/concepts/memory_policy.hpp>

#include "../catch.hpp"
#include "archetypes.hpp"

using namespace archetypes;

TEST_CASE("a memory policy is movable and has a make_room that cannot throw") {
  STATIC_REQUIRE(MemoryPolicy<Memory>);
  STATIC_REQUIRE_FALSE(MemoryPolicy<MemoryNotMovable>);
  STATIC_REQUIRE_FALSE(MemoryPolicy<MemoryWithoutMakeRoom>);
  STATIC_REQUIRE_FALSE(MemoryPolicy<MemoryThatMayThrow>);
  STATIC_REQUIRE_FALSE(MemoryPolicy<MemoryWithBool>);
  STATIC_REQUIRE_FALSE(MemoryPolicy<MemoryThatChangesTheView>);
}
