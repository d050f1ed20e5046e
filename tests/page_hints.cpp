#include <webpool/page_hints.hpp>

#include <sstream>

#include "catch.hpp"

using namespace webpool;

static_assert(to_string(Pressure::nominal) == "nominal" && to_string(Pressure::fair) == "fair" &&
              to_string(Pressure::serious) == "serious" && to_string(Pressure::critical) == "critical");
static_assert(PageHints{} == PageHints{.visible = true});
static_assert(PageHints{.charging = false} != PageHints{});
// What is not told is less than anything that is, so a threshold rules nobody out who is silent.
static_assert(PageHints{}.pressure < Pressure::nominal);

TEST_CASE("pressure prints as its name") {
  std::ostringstream text;
  text << Pressure::serious;
  CHECK(text.str() == "serious");
}
