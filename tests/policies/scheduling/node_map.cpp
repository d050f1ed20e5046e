#include <webpool/policies/scheduling/node_map.hpp>

#include <cstdint>
#include <map>
#include <random>

#include "../../catch.hpp"

using webpool::scheduling::detail::NodeMap;

TEST_CASE("a NodeMap is a map") {
  std::mt19937 random(1);
  NodeMap<std::uint32_t, int> map;
  std::map<std::uint32_t, int> expected;
  for (int i = 0; i < 20'000; ++i) {
    const auto key = static_cast<std::uint32_t>(random() % 100);
    if (random() % 2 == 0) {
      map.set(key, i);
      expected[key] = i;
    } else {
      const auto taken = map.take(key);
      REQUIRE(taken.has_value() == expected.contains(key));
      if (taken) REQUIRE(*taken == expected.at(key));
      expected.erase(key);
    }
    REQUIRE(map.size() == expected.size());
    REQUIRE((map.find(key) != nullptr) == expected.contains(key));
  }
  map.remove_if([](int value) { return value % 2 == 0; });
  std::erase_if(expected, [](const auto& each) { return each.second % 2 == 0; });
  CHECK(map.size() == expected.size());
  for (const auto& [key, value] : expected) CHECK(*map.find(key) == value);
}

TEST_CASE("a NodeMap uses its nodes again") {
  NodeMap<int, int> map;
  map.set(1, 1);
  const int* first = map.find(1);
  map.take(1);
  map.set(2, 2);
  CHECK(map.find(2) == first);
}
