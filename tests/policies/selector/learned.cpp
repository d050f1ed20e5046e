#include <webpool/policies/selector/learned.hpp>

#include <array>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using selector::Learned;
using std::chrono::milliseconds;

namespace {

/// One request at a time on tabs of given speeds; counts where they went.
struct Trial {
  explicit Trial(std::vector<milliseconds> speeds) : tabs(speeds.size()), service(std::move(speeds)) {
    for (std::size_t i = 0; i < service.size(); ++i)
      tabs.states[i].browser.browser = static_cast<Browser>(i % 6);  // nothing is known from their kind
  }

  std::vector<int> run(int requests, const Request& request = {}) {
    std::vector<int> taken(service.size());
    for (int i = 0; i < requests; ++i) {
      const auto tab = selector.select(tabs.view(), request);
      REQUIRE(tab);
      ++taken.at(tab->value);
      spent += service[tab->value];
      selector.observe(rig::outcome(tabs, request, tab->value, service[tab->value]));
    }
    return taken;
  }

  rig::Tabs tabs;
  std::vector<milliseconds> service;
  Learned selector;
  milliseconds spent{0};
};

}  // namespace

TEST_CASE("each tab is tried, then the fastest gets nearly everything") {
  Trial trial({30ms, 10ms, 20ms});
  const auto taken = trial.run(50);
  CHECK(taken[0] >= 1);
  CHECK(taken[2] >= 1);
  CHECK(taken[1] >= 45);
}

TEST_CASE("exploration costs no more than its share of the busy time") {
  Trial trial({200ms, 10ms, 20ms});
  trial.run(3);
  trial.spent = 0ms;
  const auto taken = trial.run(10'000);
  CHECK(taken[0] > 1);
  CHECK(taken[2] > taken[0]);
  CHECK(trial.spent <= 10'000 * 10ms * 1.03);
}

TEST_CASE("a tab that becomes slow is left after two runs") {
  Trial trial({12ms, 10ms});
  trial.run(100);
  trial.service[1] = 100ms;
  const auto taken = trial.run(100);
  CHECK(taken[1] <= 8);
}

TEST_CASE("a tab that becomes fast is found within 100 requests") {
  Trial trial({20ms, 10ms});
  trial.run(200);
  trial.service[0] = 2ms;
  trial.run(100);
  CHECK(trial.run(100)[0] >= 95);
}

TEST_CASE("sizes of batches and models are learned apart") {
  Trial trial({10ms, 20ms});
  const Request one{.rows = 1}, many{.rows = 64}, other{.model = {3}};
  trial.run(50, one);
  trial.service = {20ms, 10ms};
  CHECK(trial.run(50, many)[1] >= 45);
  CHECK(trial.run(50, other)[1] >= 45);
  CHECK(trial.selector.expected(trial.tabs.view(), one, {0}) == Approx(0.010));
  CHECK(trial.selector.expected(trial.tabs.view(), many, {0}) == Approx(0.020));
}

TEST_CASE("a new tab starts from the average of its kind, a new kind is tried") {
  rig::Tabs tabs(3);
  tabs.states[2].browser.browser = Browser::firefox;
  Learned selector;
  selector.observe(rig::outcome(tabs, {}, 0, 10ms));
  CHECK(selector.expected(tabs.view(), {}, {1}) == Approx(0.010));
  CHECK(selector.expected(tabs.view(), {}, {2}) == 0);
  CHECK(selector.select(tabs.view(), {}) == ConnectionIndex{2});
  tabs.states[2].in_flight = 1;  // the try is under way
  CHECK(selector.select(tabs.view(), {})->value < 2);
}

TEST_CASE("a tab that takes another one's place is not taken for it") {
  rig::Tabs tabs(2);
  Learned selector;
  REQUIRE(selector.select(tabs.view(), {}));
  selector.observe(rig::outcome(tabs, {}, 0, 10ms));
  selector.observe(rig::outcome(tabs, {}, 1, 30ms));
  tabs.states[1].joined = TimePoint(99s);
  tabs.backends[1] = Backend::webgpu;
  CHECK(selector.expected(tabs.view(), {}, {1}) == 0);
}

TEST_CASE("waiting for a fast tab beats running in a slow one, until the queue is long") {
  rig::Tabs tabs(2);
  tabs.backends[1] = Backend::webgpu;
  Learned selector;
  for (int i = 0; i < 5; ++i) {
    selector.select(tabs.view(), {});
    selector.observe(rig::outcome(tabs, {}, 0, 10ms));
    selector.observe(rig::outcome(tabs, {}, 1, 100ms));
  }
  tabs.states[0].in_flight = 2;
  CHECK_FALSE(selector.select(tabs.view(1), {}));
  CHECK_FALSE(selector.select(tabs.view(8), {}));
  CHECK(selector.select(tabs.view(9), {}) == ConnectionIndex{1});  // 100 ms · 100/s − 1 = 9, one stands in the tab
  tabs.states[0].in_flight = 1;
  CHECK(selector.select(tabs.view(9), {}) == ConnectionIndex{0});
}

TEST_CASE("nobody waits for a fast tab that is idle and was ruled out before") {
  rig::Tabs tabs(2);
  tabs.backends[1] = Backend::webgpu;
  Learned selector;
  for (int i = 0; i < 5; ++i) {
    selector.select(tabs.view(), {});
    selector.observe(rig::outcome(tabs, {}, 0, 10ms));
    selector.observe(rig::outcome(tabs, {}, 1, 100ms));
  }
  const ConnectionIndex slow{1};
  CHECK(selector.select(tabs.view(1).with({&slow, 1}, 1), {}) == slow);
}

TEST_CASE("failing fast is not being fast") {
  Trial trial({10ms, 11ms});
  trial.run(50);
  for (int i = 0; i < 3; ++i) trial.selector.observe(rig::outcome(trial.tabs, {}, 0, 1us, false));
  CHECK(trial.run(20)[1] >= 18);
}

TEST_CASE("times of nothing and of hours leave the selector with an answer") {
  rig::Tabs tabs(2);
  Learned selector;
  for (const std::chrono::nanoseconds time : {0ns, std::chrono::nanoseconds(-5), std::chrono::nanoseconds(24h)})
    for (std::uint32_t tab : {0u, 1u}) {
      selector.observe(rig::outcome(tabs, {}, tab, time));
      const auto chosen = selector.select(tabs.view(), {});
      REQUIRE(chosen);
      CHECK(chosen->value < 2);
    }
}

TEST_CASE("a model is loaded where its kind of browser was fastest") {
  rig::Tabs tabs(3);
  tabs.states[1].browser.browser = Browser::firefox;
  Learned selector;
  selector.observe(rig::outcome(tabs, {}, 0, 30ms));
  selector.observe(rig::outcome(tabs, {}, 1, 10ms));
  const PoolView load(tabs.states, tabs.view().candidates(), 3);
  CHECK(selector.select(load, {}) == ConnectionIndex{1});
}
