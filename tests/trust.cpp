#include <webpool/trust.hpp>

#include <sstream>

#include "catch.hpp"

using namespace webpool;

static_assert(to_string(Trust::guest) == "guest" && to_string(Trust::proven) == "proven" &&
              to_string(Trust::own) == "own");

TEST_CASE("trust prints as its name") {
  std::ostringstream text;
  text << Trust::proven;
  CHECK(text.str() == "proven");
}
