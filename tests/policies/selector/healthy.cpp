#include <webpool/policies/selector/healthy.hpp>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace webpool;
using selector::Healthy;

namespace {
bool accepts(ConnectionState state, const Healthy& filter = {}) {
  rig::Tabs tabs(1);
  tabs.states[0] = std::move(state);
  return filter.accepts(tabs.view(), {0}, {});
}
}  // namespace

TEST_CASE("a tab is healthy until it fails three times in a row") {
  CHECK(accepts({}));
  CHECK(accepts({.failed = 2, .consecutive_failures = 2}));
  CHECK_FALSE(accepts({.failed = 3, .consecutive_failures = 3}));
}

TEST_CASE("a tab that fails more than half of ten requests is not healthy, in whatever order") {
  CHECK(accepts({.completed = 5, .failed = 5}));
  CHECK_FALSE(accepts({.completed = 4, .failed = 6}));
  CHECK(accepts({.completed = 3, .failed = 6}));
}

TEST_CASE("the thresholds are settings") {
  CHECK_FALSE(accepts({.failed = 1, .consecutive_failures = 1}, Healthy({.tolerated = 1})));
  CHECK_FALSE(accepts({.completed = 1, .failed = 1}, Healthy({.failure_share = 0.1, .sample = 2})));
}
