#include <webpool/reliability/drift.hpp>

#include "../catch.hpp"

using webpool::reliability::Drift;
using namespace std::chrono_literals;

namespace {
Drift after(int runs, std::chrono::nanoseconds service, Drift drift = {}) {
  for (int i = 0; i < runs; ++i) drift.add(service);
  return drift;
}
}  // namespace

TEST_CASE("a steady pace is no drift") {
  CHECK(after(1000, 10ms).slowdown() == Approx(1));
  CHECK(Drift().slowdown() == 1);
}

TEST_CASE("what gets slower shows it, against its own first runs and against others") {
  const Drift steady = after(100, 10ms), slow = after(100, 30ms, steady);
  CHECK(slow.slowdown() == Approx(3).epsilon(0.01));
  CHECK(slow.slowdown_against(steady) == Approx(3).epsilon(0.01));
  CHECK(steady.slowdown_against(slow) == Approx(1.0 / 3).epsilon(0.01));
}

TEST_CASE("a few runs say nothing") {
  CHECK(after(31, 30ms, after(32, 10ms)).slowdown() == 1);
  CHECK(after(10, 30ms).slowdown_against(after(100, 10ms)) == 1);
}

TEST_CASE("times that are none or negative do no harm") {
  Drift drift = after(64, 0ns);
  CHECK(drift.slowdown() == 0);
  drift.add(-5ms);
  CHECK(drift.slowdown() == 0);
}
