#include <webpool/reliability/patience.hpp>

#include "../catch.hpp"

using webpool::reliability::Patience;
using namespace std::chrono_literals;

namespace {
Patience after(int answers, std::chrono::nanoseconds time) {
  Patience patience;
  for (int i = 0; i < answers; ++i) patience.add(time);
  return patience;
}
}  // namespace

TEST_CASE("without experience, patience is what the options say") {
  CHECK(after(15, 1ms).timeout(60s) == 60s);
  CHECK(after(15, 1ms).timeout(1s) == 1s);
}

TEST_CASE("steady answers make impatient, but never below three seconds") {
  CHECK(after(100, 1ms).timeout(60s) == 3s);
  CHECK(after(100, 1s).timeout(60s) > 9s);
  CHECK(after(100, 1s).timeout(60s) < 11s);
}

TEST_CASE("the options' limit stands, however slow the answers are, and also below three seconds") {
  CHECK(after(100, 30s).timeout(60s) == 60s);
  CHECK(after(100, 1ms).timeout(2s) == 2s);
}

TEST_CASE("answers that vary call for more patience than those that don't") {
  Patience patience;
  for (int i = 0; i < 100; ++i) patience.add(i % 2 ? 200ms : 1800ms);
  CHECK(patience.timeout(300s) > 2 * after(100, 1s).timeout(300s));
}

TEST_CASE("a clock that goes backwards does no harm") { CHECK(after(100, -1s).timeout(60s) == 3s); }
