#include <webpool/policies/scheduling/ranks.hpp>

#include <algorithm>
#include <random>
#include <vector>

#include "../../catch.hpp"

using webpool::scheduling::detail::Ranks;

TEST_CASE("Ranks count as a sorted list does") {
  std::mt19937 random(1);
  Ranks<int> ranks;
  std::vector<int> sorted;
  for (int i = 0; i < 20'000; ++i) {
    const int key = static_cast<int>(random() % 300);
    const auto place = std::ranges::lower_bound(sorted, key);
    if (random() % 10 < ((i / 1000) % 2 == 0 ? 6u : 4u)) {
      ranks.insert(key);
      sorted.insert(place, key);
    } else if (place != sorted.end()) {
      ranks.erase(*place);
      sorted.erase(place);
    }
    const int probe = static_cast<int>(random() % 300);
    REQUIRE(ranks.size() == sorted.size());
    REQUIRE(ranks.count_up_to(probe) ==
            static_cast<std::size_t>(std::ranges::upper_bound(sorted, probe) - sorted.begin()));
  }
}

TEST_CASE("Ranks take keys in order without growing deep") {
  Ranks<int> ranks;
  for (int i = 0; i < 200'000; ++i) ranks.insert(i);  // a list of this length would overflow the stack
  CHECK(ranks.count_up_to(99'999) == 100'000);
  for (int i = 0; i < 200'000; ++i) ranks.erase(i);
  CHECK(ranks.size() == 0);
}
