#include <webpool/policies/selector/affinity.hpp>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("Affinity proposes the tab that served the client's model last") {
  rig::Tabs tabs(3);
  selector::Affinity affinity;
  const Request mine{.model = {1}, .client = 7}, other{.model = {1}, .client = 8}, elsewhere{.model = {2}, .client = 7};
  CHECK_FALSE(affinity.propose(tabs.view(), mine));
  affinity.observe(rig::outcome(tabs, mine, 2, 1ms));
  CHECK(affinity.propose(tabs.view(), mine) == ConnectionIndex{2});
  CHECK_FALSE(affinity.propose(tabs.view(), other));
  CHECK_FALSE(affinity.propose(tabs.view(), elsewhere));
  affinity.observe(rig::outcome(tabs, mine, 0, 1ms));
  CHECK(affinity.propose(tabs.view(), mine) == ConnectionIndex{0});
}

TEST_CASE("Affinity does not wait for a busy tab, nor return to one that failed or is another one now") {
  rig::Tabs tabs(3);
  selector::Affinity affinity;
  const Request mine{.client = 7};
  affinity.observe(rig::outcome(tabs, mine, 2, 1ms));
  affinity.observe(rig::outcome(tabs, mine, 1, 1ms, false));
  CHECK(affinity.propose(tabs.view(), mine) == ConnectionIndex{2});
  tabs.states[2].in_flight = 1;
  CHECK_FALSE(affinity.propose(tabs.view(), mine));
  tabs.states[2].in_flight = 0;
  tabs.states[2].joined = TimePoint(1h);
  CHECK_FALSE(affinity.propose(tabs.view(), mine));
  tabs.states.resize(1);
  CHECK_FALSE(affinity.propose(tabs.view(), mine));
}
