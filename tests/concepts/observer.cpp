#include <webpool/concepts/observer.hpp>

#include "../catch.hpp"
#include "archetypes.hpp"

using namespace archetypes;

TEST_CASE("an observer has an observe that returns nothing and cannot throw") {
  STATIC_REQUIRE(Observer<Listener>);
  STATIC_REQUIRE_FALSE(Observer<Selector>);
  STATIC_REQUIRE_FALSE(Observer<ListenerWithResult>);
  STATIC_REQUIRE_FALSE(Observer<ListenerThatMayThrow>);
}
