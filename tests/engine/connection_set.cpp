#include <webpool/engine/connection_set.hpp>

#include <algorithm>
#include <random>
#include <set>

#include "../catch.hpp"

using namespace webpool;

TEST_CASE("a connection set holds each tab once") {
  engine::ConnectionSet set;
  set.insert({3});
  set.insert({3});
  set.insert({70'000});
  CHECK(set.size() == 2);
  CHECK(set.contains({3}));
  CHECK_FALSE(set.contains({4}));
  CHECK_FALSE(set.contains({1'000'000}));
  set.erase({4});
  set.erase({3});
  CHECK_FALSE(set.contains({3}));
  CHECK(set.tabs().front() == ConnectionIndex{70'000});
}

TEST_CASE("a connection set is a set, whatever is done to it") {
  engine::ConnectionSet set;
  std::set<ConnectionIndex> model;
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const ConnectionIndex tab{static_cast<std::uint32_t>(random() % 50)};
    if (random() % 2 == 0) {
      set.insert(tab);
      model.insert(tab);
    } else {
      set.erase(tab);
      model.erase(tab);
    }
    REQUIRE(set.contains(tab) == model.contains(tab));
    REQUIRE(std::set<ConnectionIndex>(set.tabs().begin(), set.tabs().end()) == model);
    REQUIRE(set.size() == model.size());
  }
}
