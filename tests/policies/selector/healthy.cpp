#include <webpool/policies/selector/healthy.hpp>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace webpool;
using selector::Healthy;

namespace {
bool accepts(double tab, float model, const Healthy& filter = {}) {
  rig::Tabs tabs(1);
  tabs.states[0].health = tab;
  tabs.healths[0] = model;
  return filter.accepts(tabs.view(), {0}, {});
}
}  // namespace

TEST_CASE("a tab is fit from half its health on, and so is its model") {
  CHECK(accepts(100, 100));
  CHECK(accepts(50, 50));
  CHECK_FALSE(accepts(49, 100));
  CHECK_FALSE(accepts(100, 49));
}

TEST_CASE("the minimum is a setting") {
  CHECK(accepts(49, 49, Healthy({.minimum = 10})));
  CHECK_FALSE(accepts(99, 100, Healthy({.minimum = 100})));
}
