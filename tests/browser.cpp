#include "catch.hpp"

#include <sstream>
#include <string>
#include <webpool/browser.hpp>

namespace {

using namespace webpool;

static_assert(to_string(Browser::headless_shell) == "headless_shell");
static_assert(parse_browser("safari") == Browser::safari && !parse_browser("Safari") && !parse_browser(""));

std::string printed(const BrowserInfo& info) {
  std::ostringstream out;
  out << info;
  return out.str();
}

}  // namespace

TEST_CASE("a browser's name is read back", "[vocabulary]") {
  for (const Browser browser : {Browser::chromium, Browser::chrome, Browser::headless_shell, Browser::edge,
                                Browser::firefox, Browser::safari, Browser::other})
    CHECK(parse_browser(to_string(browser)) == browser);
}

TEST_CASE("an adapter is called by the most telling name that the browser gives", "[vocabulary]") {
  AdapterInfo adapter;
  CHECK(adapter.label() == "unnamed adapter");
  adapter.vendor = "apple";
  CHECK(adapter.label() == "apple");
  adapter.architecture = "common-3";
  CHECK(adapter.label() == "common-3");
  adapter.device = "0x1234";
  CHECK(adapter.label() == "0x1234");
  adapter.description = "Apple M2";
  CHECK(adapter.label() == "Apple M2");
}

TEST_CASE("only an adapter known to be software is called so", "[vocabulary]") {
  AdapterInfo adapter;
  adapter.description = "llvmpipe";
  adapter.software = false;
  CHECK(adapter.label() == "llvmpipe");
  adapter.software = true;
  CHECK(adapter.label() == "llvmpipe, software");
}

TEST_CASE("a tab prints with its adapter, and as simulated when it is", "[vocabulary]") {
  BrowserInfo info;
  info.browser = Browser::firefox;
  info.version = "153.7";
  CHECK(printed(info) == "firefox 153.7");
  info.webgpu.emplace().description = "llvmpipe";
  info.webgpu->software = true;
  CHECK(printed(info) == "firefox 153.7 (llvmpipe, software)");
  info.simulated = true;
  CHECK(printed(info) == "firefox 153.7 (llvmpipe, software) simulated");
}
