#include <webpool/policies/selector/least_loaded.hpp>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace webpool;

TEST_CASE("LeastLoaded counts the requests of all models") {
  rig::Tabs tabs(3);
  rig::Tabs busy = tabs;
  for (std::uint32_t i = 0; i < 3; ++i) busy.states[i].in_flight = 3 - i;
  // The model's own requests leave the order as it is; those of others fill the first tabs.
  const PoolView view = tabs.view();
  const PoolView others(busy.states, view.candidates(), view.idle().size());
  for (int i = 0; i < 10; ++i) CHECK(selector::LeastLoaded().select(others, {}) == ConnectionIndex{2});
}

TEST_CASE("among equally busy tabs LeastLoaded takes the one with the fewest models") {
  rig::Tabs tabs(3);
  tabs.states[0].models = 2;
  tabs.states[2].models = 1;
  CHECK(selector::LeastLoaded().select(tabs.view(), {}) == ConnectionIndex{1});
}
