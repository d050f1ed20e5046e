#include <webpool/concepts/browser_selector.hpp>

#include "../catch.hpp"
#include "archetypes.hpp"

using namespace archetypes;

TEST_CASE("a browser selector is movable and has a select that cannot throw") {
  STATIC_REQUIRE(BrowserSelector<Selector>);
  STATIC_REQUIRE_FALSE(BrowserSelector<SelectorNotMovable>);
  STATIC_REQUIRE_FALSE(BrowserSelector<SelectorWithoutSelect>);
  STATIC_REQUIRE_FALSE(BrowserSelector<SelectorThatMayThrow>);
  STATIC_REQUIRE_FALSE(BrowserSelector<SelectorWithBareIndex>);
  STATIC_REQUIRE_FALSE(BrowserSelector<SelectorWithoutRequest>);
  STATIC_REQUIRE_FALSE(BrowserSelector<SelectorThatChangesTheRequest>);
}
