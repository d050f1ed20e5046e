#include <webpool/driver/fastest_ways.hpp>

#include "../catch.hpp"

using namespace webpool;

TEST_CASE("a comparison holds for tabs of the same browser, version and adapter, and for that model") {
  driver::FastestWays ways;
  const ModelOptions options{.fastest = true};
  BrowserInfo browser{.browser = Browser::firefox, .version = "153.7"};
  CHECK_FALSE(ways.find("c0ff", options, browser));
  ways.learn("c0ff", options, browser, {.backend = Backend::webgpu, .variant = 1});
  REQUIRE(ways.find("c0ff", options, browser));
  CHECK(ways.find("c0ff", options, browser)->variant == 1u);
  CHECK_FALSE(ways.find("beef", options, browser));
  CHECK_FALSE(ways.find("c0ff", {}, browser));
  browser.version = "154.0";
  CHECK_FALSE(ways.find("c0ff", options, browser));
  browser.version = "153.7";
  browser.webgpu = AdapterInfo{.vendor = "nvidia"};
  CHECK_FALSE(ways.find("c0ff", options, browser));
}

TEST_CASE("what was the fastest of some backends, or for one size, says nothing of others") {
  driver::FastestWays ways;
  const BrowserInfo browser{.browser = Browser::chromium};
  ways.learn("c0ff", {.backends = {Backend::wasm}, .fastest = true}, browser, {.backend = Backend::wasm});
  CHECK(ways.find("c0ff", {.backends = {Backend::wasm}, .fastest = true}, browser));
  CHECK_FALSE(ways.find("c0ff", {.backends = {Backend::webgpu, Backend::wasm}, .fastest = true}, browser));
  const ModelOptions sized{.backends = {Backend::wasm}, .fastest = true, .free_dimensions = {{"batch", 8}}};
  CHECK_FALSE(ways.find("c0ff", sized, browser));
}
