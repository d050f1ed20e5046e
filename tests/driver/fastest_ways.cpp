#include <webpool/driver/fastest_ways.hpp>

#include "../catch.hpp"

using namespace webpool;

TEST_CASE("a comparison holds for tabs of the same browser, version and adapter, and for that model") {
  driver::FastestWays ways;
  BrowserInfo browser{.browser = Browser::firefox, .version = "153.7"};
  CHECK_FALSE(ways.find("c0ff", browser));
  ways.learn("c0ff", browser, {.backend = Backend::webgpu, .variant = 1});
  REQUIRE(ways.find("c0ff", browser));
  CHECK(ways.find("c0ff", browser)->variant == 1u);
  CHECK_FALSE(ways.find("beef", browser));
  browser.version = "154.0";
  CHECK_FALSE(ways.find("c0ff", browser));
  browser.version = "153.7";
  browser.webgpu = AdapterInfo{.vendor = "nvidia"};
  CHECK_FALSE(ways.find("c0ff", browser));
}
