#include <webpool/policies/selector/sample.hpp>

#include <set>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace webpool;
using selector::Sample;

TEST_CASE("a sample of few candidates is all of them, in order") {
  rig::Tabs tabs(3);
  tabs.states[1].in_flight = 1;
  selector::Draw draw;
  const Sample sample(tabs.view(), draw);
  CHECK(std::ranges::equal(sample.tabs(), std::array<ConnectionIndex, 3>{{{0}, {2}, {1}}}));
  CHECK(sample.idle() == 2);
}

TEST_CASE("a sample of many holds as many as fit, each once, idle ones while there are enough") {
  rig::Tabs tabs(100);
  for (std::size_t i = 0; i < 60; ++i) tabs.states[i].in_flight = 1;
  selector::Draw draw;
  for (int i = 0; i < 100; ++i) {
    const Sample sample(tabs.view(), draw);
    const std::set<ConnectionIndex> distinct(sample.tabs().begin(), sample.tabs().end());
    REQUIRE(distinct.size() == Sample::most);
    REQUIRE(sample.idle() == Sample::most);
    REQUIRE(distinct.begin()->value >= 60);
  }
}

TEST_CASE("a sample of many that are all idle knows it") {
  rig::Tabs tabs(100);
  selector::Draw draw;
  CHECK(Sample(tabs.view(), draw).idle() == Sample::most);
}

TEST_CASE("a sample of many of which few are idle is drawn from all") {
  rig::Tabs tabs(100);
  for (std::size_t i = 0; i < 95; ++i) tabs.states[i].in_flight = 1;
  selector::Draw draw;
  std::set<ConnectionIndex> seen;
  for (int i = 0; i < 1000; ++i) {
    const Sample sample(tabs.view(), draw);
    CHECK(sample.idle() == 0);
    seen.insert(sample.tabs().begin(), sample.tabs().end());
  }
  CHECK(seen.size() == 100);
}
