#include "../../examples/support/considerate.hpp"

#include <chrono>
#include <map>
#include <vector>
#include <webpool/testing.hpp>

#include "../catch.hpp"

namespace {

using namespace webpool;
using namespace std::chrono_literals;

/// A tab that somebody opened, in a browser of this kind, which tells that much.
testing::TabKind tab(Browser browser, PageHints hints) {
  return {.browser = browser, .hints = hints, .models = {{"digits", {.service = 10ms}}}, .attached = 1};
}

/// How many of the requests ran where: one every 100 ms, or as many as `clients` at a time.
std::map<Browser, int> runs_of(std::vector<testing::TabKind> tabs, std::size_t clients = 0) {
  const std::size_t count = tabs.size();
  testing::Simulation<Considerate> sim(
      {.options = {.min_connections = 0, .max_connections = count}, .tabs = std::move(tabs)});
  const ModelIndex digits = sim.add_model({.name = "digits", .replicas = count});
  for (int i = 0; i < 50; ++i) sim.at(2s + i * 100ms, [&] { sim.submit({.model = digits}); });
  if (clients > 0) sim.add(testing::ClosedLoop{.clients = clients, .work = {.model = digits}});
  std::map<Browser, int> runs;
  for (const auto& request : sim.run_for(10s).requests)
    if (request.ok()) ++runs[request.browser];
  return runs;
}

const PageHints mains{.charging = true, .battery = 1}, battery{.charging = false, .battery = 0.5},
    hidden{.visible = false, .charging = true}, hot{.charging = true, .pressure = Pressure::critical}, silent{};

}  // namespace

TEST_CASE("requests keep away from batteries, heat and hidden tabs", "[examples]") {
  for (const PageHints& spared : {battery, hidden, hot}) {
    CHECK(runs_of({tab(Browser::firefox, spared), tab(Browser::chromium, mains)}) ==
          std::map<Browser, int>{{Browser::chromium, 50}});
    CHECK(runs_of({tab(Browser::firefox, spared), tab(Browser::chromium, silent)}) ==
          std::map<Browser, int>{{Browser::chromium, 50}});
  }
}

TEST_CASE("where there is no other tab, the ones to be spared compute, the least burdened first", "[examples]") {
  CHECK(runs_of({tab(Browser::firefox, battery)}) == std::map<Browser, int>{{Browser::firefox, 50}});
  PageHints both = battery;
  both.visible = false;
  CHECK(runs_of({tab(Browser::firefox, both), tab(Browser::chromium, hidden)}) ==
        std::map<Browser, int>{{Browser::chromium, 50}});
}

TEST_CASE("when the others have no room, the ones to be spared help", "[examples]") {
  const auto runs = runs_of({tab(Browser::firefox, battery), tab(Browser::chromium, mains)}, 8);
  CHECK(runs.at(Browser::firefox) > 100);
  CHECK(runs.at(Browser::chromium) >= runs.at(Browser::firefox));
}
