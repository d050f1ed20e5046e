#include <webpool/policies/scaling/pace.hpp>

#include <limits>

#include "../../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using scaling::detail::whole_tabs;

namespace {
PoolLoad at(Duration time, std::size_t tabs) {
  return {.now = TimePoint(1000s) + time, .min_connections = 1, .max_connections = 8, .connections = tabs};
}
}  // namespace

TEST_CASE("a wish is rounded up and bounded, whatever number it is") {
  const PoolLoad load = at(0s, 3);
  CHECK(whole_tabs(2.1, load) == 3);
  CHECK(whole_tabs(100, load) == 8);
  CHECK(whole_tabs(-1, load) == 0);
  CHECK(whole_tabs(std::numeric_limits<double>::infinity(), load) == 8);
  CHECK(whole_tabs(std::numeric_limits<double>::quiet_NaN(), load) == 0);
}

TEST_CASE("it grows at once and shrinks one at a time after the cool-down") {
  scaling::detail::Pace pace(30s);
  CHECK(pace.step(6, at(0s, 2)) == 6);
  CHECK(pace.step(2, at(29s, 6)) == 6);
  CHECK(pace.step(2, at(30s, 6)) == 5);
  CHECK(pace.step(2, at(31s, 5)) == 5);
  CHECK(pace.step(2, at(60s, 5)) == 4);
}

TEST_CASE("it stays within the bounds, also where they cross") {
  scaling::detail::Pace pace(0s);
  CHECK(pace.step(0, at(0s, 1)) == 1);
  CHECK(pace.step(100, at(0s, 1)) == 8);
  PoolLoad crossed = at(0s, 1);
  crossed.min_connections = 9;
  CHECK(pace.step(1, crossed) == 8);
}

TEST_CASE("a clock that goes backwards only makes it wait") {
  scaling::detail::Pace pace(30s);
  pace.step(4, at(0s, 4));
  CHECK(pace.step(1, at(-100s, 4)) == 4);
  CHECK(pace.step(1, at(30s, 4)) == 3);
}
