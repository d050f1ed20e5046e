#include <webpool/engine/expiries.hpp>

#include <chrono>
#include <set>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("what is due comes out in order of time, and not earlier") {
  engine::Expiries<int> expiries;
  const TimePoint start{1s};
  expiries.push(start + 3s, 3);
  expiries.push(start + 1s, 1);
  expiries.push(start + 2s, 2);
  CHECK_FALSE(expiries.pop_due(start));
  CHECK(expiries.pop_due(start + 2s) == 1);
  CHECK(expiries.pop_due(start + 2s) == 2);
  CHECK_FALSE(expiries.pop_due(start + 2s));
  CHECK(expiries.pop_due(start + 3s) == 3);
  CHECK(expiries.size() == 0);
}

TEST_CASE("leftovers never outnumber the living by more than a little") {
  engine::Expiries<int> expiries;
  const TimePoint start{1s};
  std::set<int> living;
  for (int i = 0; i < 10'000; ++i) {
    expiries.push(start + std::chrono::seconds(10'000 - i), i);
    living.insert(i);
    if (living.size() > 10) living.erase(living.begin());
    expiries.prune(living.size(), [&](int key) { return living.contains(key); });
    REQUIRE(expiries.size() <= 2 * living.size() + 64);
  }
  int found = 0;
  while (const auto key = expiries.pop_due(start + 10'000s)) found += living.contains(*key) ? 1 : 0;
  CHECK(found == 10);
}
