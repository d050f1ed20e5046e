#include <webpool/engine/slot_map.hpp>

#include <memory>
#include <set>
#include <vector>
#include <webpool/ids.hpp>

#include "../catch.hpp"

using namespace webpool;
using Map = engine::SlotMap<RequestId, int>;

TEST_CASE("a slot map finds what it holds and nothing else") {
  Map map;
  const RequestId one = map.insert(1), two = map.insert(2);
  CHECK(*map.find(one) == 1);
  CHECK(*map.find(two) == 2);
  CHECK(map.size() == 2);
  map.erase(one);
  map.erase(one);
  CHECK(map.find(one) == nullptr);
  CHECK(map.size() == 1);
  CHECK(map.find(RequestId{0}) == nullptr);
  CHECK(map.find(RequestId{~std::uint64_t{0}}) == nullptr);
  CHECK(map.id_at(Map::slot_of(two)) == two);
  CHECK(map[two] == 2);
}

TEST_CASE("nothing that a slot held once, or leads to while it is free, is found") {
  Map map;
  std::vector<RequestId> gone;
  for (int i = 0; i < 70; ++i) gone.push_back(map.insert(i));
  for (RequestId id : gone) map.erase(id);
  for (std::uint64_t slot = 0; slot < 80; ++slot)
    for (std::uint64_t generation = 0; generation < 4; ++generation)
      CHECK(map.find(RequestId{generation << Map::slot_bits | slot}) == nullptr);
  map.for_each([](RequestId, int) { FAIL("no value is left"); });
}

TEST_CASE("ids are never given out twice and fit into a JSON number") {
  Map map;
  std::set<RequestId> seen;
  for (int i = 0; i < 100'000; ++i) {
    const RequestId id = map.insert(i);
    REQUIRE(seen.insert(id).second);
    REQUIRE(id.value < std::uint64_t{1} << 53);
    map.erase(id);
    REQUIRE(map.find(id) == nullptr);
  }
  CHECK(map.slots() <= Map::spare + 1);
}

TEST_CASE("freed slots are used again, the longest free first") {
  Map map;
  std::vector<RequestId> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(map.insert(i));
  for (RequestId id : ids) map.erase(id);
  CHECK(map.empty());
  for (std::size_t i = 0; i + Map::spare < ids.size(); ++i) CHECK(Map::slot_of(map.insert(0)) == i);
  CHECK(map.slots() == 200);
}

TEST_CASE("a full slot map is full, and usable again after one erasure") {
  Map map;
  RequestId last;
  while (!map.full()) last = map.insert(0);
  CHECK(map.size() == Map::capacity);
  map.erase(last);
  CHECK_FALSE(map.full());
  CHECK(Map::slot_of(map.insert(7)) == Map::slot_of(last));
  CHECK(map.full());
}

TEST_CASE("for_each visits every value, and may erase it") {
  Map map;
  for (int i = 0; i < 10; ++i) map.insert(i);
  int sum = 0;
  map.for_each([&](RequestId id, int value) {
    sum += value;
    if (value % 2 == 0) map.erase(id);
  });
  CHECK(sum == 45);
  CHECK(map.size() == 5);
}

TEST_CASE("a slot map holds values that only move") {
  engine::SlotMap<WorkerId, std::unique_ptr<int>> map;
  const WorkerId id = map.insert(std::make_unique<int>(3));
  for (int i = 0; i < 100; ++i) map.insert(nullptr);
  CHECK(**map.find(id) == 3);
}
