// What tabs of real browsers say of their devices, and a policy that listens to it.

#include <future>
#include <sstream>

#include "../../examples/support/considerate.hpp"
#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::contains;

namespace {

using BrowserPool = ResourcePool<Considerate, scaling::Fixed>;

using support::kinds;

PoolOptions attentive(std::vector<Browser> browsers, const std::string& module) {
  PoolOptions options = support::one_of_each(std::move(browsers));
  options.connection.health_interval = 2s;
  options.page_modules = {support::root / "tests" / "browser" / "modules" / module};
  return options;
}

PageHints hints_of(const Pool& pool, ConnectionId id) {
  for (const ConnectionInfo& tab : pool.connections())
    if (tab.id == id) return tab.hints;
  return {};
}

/// What the module in that tab reads from the browser itself.
std::string told(Pool& pool, ConnectionId id) {
  std::promise<std::string> answer;
  auto coming = answer.get_future();
  pool.on_message("told", [&](const PageMessage& message) { answer.set_value(std::string(message.body)); });
  REQUIRE(pool.send_message(id, "tell", "0"));
  REQUIRE(coming.wait_for(60s) == std::future_status::ready);
  pool.on_message("told", {});
  return coming.get();
}

/// The same, as the pool knows it. JavaScript prints 1 and 0.5 as C++ does.
std::string known(const PageHints& hints, bool pressure) {
  std::ostringstream text;
  text << std::boolalpha << R"({"battery":[)";
  if (hints.charging && hints.battery) text << *hints.charging << ',' << *hints.battery;
  text << R"(],"saves":[)";
  if (hints.save_data) text << *hints.save_data;
  text << R"(],"pressure":)" << pressure << '}';
  return std::move(text).str();
}

}  // namespace

TEST_CASE("the pool knows of each tab's device what its browser tells, and no more", "[browser]") {
  BrowserPool pool(attentive(kinds, "device.js"));
  REQUIRE(support::within(90s, [&] { return pool.metrics().connections == kinds.size(); }));
  for (const ConnectionInfo& tab : pool.connections()) {
    CAPTURE(tab.browser.browser);
    const std::string truth = told(pool, tab.id);
    const bool pressure = contains(truth, R"("pressure":true)");
    CAPTURE(truth);
    CHECK(support::within(30s, [&] { return known(hints_of(pool, tab.id), pressure) == truth; }));
    const PageHints hints = hints_of(pool, tab.id);
    CHECK(hints.visible);
    CHECK(hints.charging.has_value() == hints.battery.has_value());
    CHECK((pressure || !hints.pressure));
    if (tab.browser.browser == Browser::firefox) CHECK(hints == PageHints{});
    if (tab.browser.browser == Browser::chromium) CHECK(hints.save_data == false);
  }
}

TEST_CASE("a tab that is hidden is heard of, and spared", "[browser]") {
  BrowserPool pool(attentive({Browser::chromium, Browser::firefox}, "hideable.js"));
  REQUIRE(support::within(90s, [&] { return pool.metrics().connections == 2; }));
  const Model digits = pool.load(support::digits_file, {.backends = {Backend::wasm}, .replicas = 2});
  for (const Browser spared : {Browser::firefox, Browser::chromium}) {
    CAPTURE(spared);
    for (const ConnectionInfo& tab : pool.connections())
      if (tab.browser.browser == spared) {
        REQUIRE(pool.send_message(tab.id, "hide", "0"));
        REQUIRE(support::within(30s, [&] { return !hints_of(pool, tab.id).visible; }));
      }
    if (spared == Browser::firefox)
      for (int i = 0; i < 5; ++i) CHECK(digits(support::picture(i)).where().browser.browser == Browser::chromium);
  }
  CHECK(digits(support::picture(3)).size() > 0);  // all are hidden: there is no other
}
