#include <webpool/policies/selector/preference.hpp>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace webpool;

namespace {
rig::Tabs mixed() {
  rig::Tabs tabs(3);
  tabs.states[0].browser.browser = Browser::chromium;
  tabs.states[1].browser.browser = Browser::firefox;
  tabs.states[2].browser.browser = Browser::headless_shell;
  tabs.backends[2] = Backend::webnn;
  return tabs;
}
}  // namespace

TEST_CASE("Preference's default table sends each task where the predecessor did") {
  rig::Tabs tabs = mixed();
  selector::Preference selector;
  CHECK(selector.select(tabs.view(), {.task = Task::audio}) == ConnectionIndex{1});
  CHECK(selector.select(tabs.view(), {.task = Task::vision}) == ConnectionIndex{0});
  CHECK(selector.select(tabs.view(), {.task = Task::text_embedding}) == ConnectionIndex{2});
}

TEST_CASE("Preference takes the best tab that has room, and any tab for a task without rows") {
  rig::Tabs tabs = mixed();
  tabs.states[1].in_flight = 2;
  selector::Preference selector;
  CHECK(selector.select(tabs.view(), {.task = Task::audio})->value != 1);
  tabs.states[0].in_flight = 1;
  CHECK(selector.select(tabs.view(), {.task = Task::other}) == ConnectionIndex{2});
}

TEST_CASE("Preference follows the table that it is given") {
  rig::Tabs tabs = mixed();
  selector::Preference selector({{Task::vision, {}, Backend::webnn}, {Task::vision, Browser::firefox}});
  CHECK(selector.select(tabs.view(), {.task = Task::vision}) == ConnectionIndex{2});
  tabs.states[2].in_flight = 2;
  CHECK(selector.select(tabs.view(), {.task = Task::vision}) == ConnectionIndex{1});
}
