#include <webpool/reliability/health.hpp>

#include <limits>

#include "../catch.hpp"

using namespace webpool::reliability;
using namespace std::chrono_literals;

namespace {
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
}  // namespace

TEST_CASE("a tab without bad signs is at 100") {
  CHECK(health({}) == Approx(100));
  CHECK(health({.failures = 0, .slowdown = 1.4, .timer_lag_ms = 0, .memory_share = 0.9}) == Approx(100));
}

TEST_CASE("a tab that fails everything is at 0, however fast it fails") {
  CHECK(health({.failures = 1, .slowdown = 0.01}) == Approx(0));
  FailureShare share;
  for (int i = 0; i < 30; ++i) share.add(false);
  CHECK(health({.failures = share.value()}) < 1);
}

TEST_CASE("each sign alone lowers it by what the formula says") {
  CHECK(health({.failures = 0.25}) == Approx(75));
  CHECK(health({.slowdown = 3}) == Approx(50));
  CHECK(health({.unanswered_pings = 1}) == Approx(80));
  CHECK(health({.unanswered_pings = 2}) == Approx(40));
  CHECK(health({.unanswered_pings = 3}) == Approx(0));
  CHECK(health({.timer_lag_ms = 1000}) == Approx(50));
  CHECK(health({.memory_share = 0.95}) == Approx(75));
  CHECK(health({.memory_share = 1}) == Approx(50));
}

TEST_CASE("health stays between 0 and 100 whatever it is told") {
  for (const double value : {-infinity, -1.0, 0.0, 0.5, 1.0, 1e300, infinity, not_a_number})
    for (const unsigned pings : {0u, 3u, 4'000'000'000u}) {
      const double result = health({.failures = value,
                                    .slowdown = value,
                                    .unanswered_pings = pings,
                                    .timer_lag_ms = value,
                                    .memory_share = value});
      CAPTURE(value, pings, result);
      CHECK(result >= 0);
      CHECK(result <= 100);
    }
  CHECK(health({.failures = not_a_number}) == Approx(0));
}

TEST_CASE("failures are forgiven in time and by successes") {
  FailureShare share;
  share.add(false);
  CHECK(share.value() == Approx(0.2));
  share.forgive(30s);
  CHECK(share.value() == Approx(0.1));
  share.add(true);
  CHECK(share.value() == Approx(0.08));
}
