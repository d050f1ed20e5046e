#include <webpool/policies/scheduling/id_queue.hpp>

#include <cstdint>

#include "../../catch.hpp"

using namespace webpool;
using namespace webpool::scheduling::detail;

TEST_CASE("an IdQueue may lose all but its first id, and then that") {
  Tombstones tombstones;
  IdQueue queue;
  for (std::uint64_t i = 0; i < 1000; ++i) queue.push({i});
  for (std::uint64_t i = 999; i > 0; --i) queue.erase({i}, tombstones);
  CHECK(queue.size() == 1);
  CHECK(queue.front() == RequestId{0});
  queue.erase({0}, tombstones);
  CHECK(queue.size() == 0);
  CHECK(tombstones.size() == 0);
}

TEST_CASE("what left an IdQueue from its middle is passed over, and may come again") {
  Tombstones tombstones;
  IdQueue queue;
  for (std::uint64_t i = 0; i < 4; ++i) queue.push({i});
  queue.erase({1}, tombstones);
  queue.erase({2}, tombstones);
  CHECK(queue.front() == RequestId{0});
  queue.erase({0}, tombstones);
  CHECK(queue.front() == RequestId{3});
  CHECK(tombstones.size() == 0);
  queue.push({1});
  CHECK(queue.size() == 2);
  queue.erase({3}, tombstones);
  CHECK(queue.front() == RequestId{1});
}

TEST_CASE("IdQueues share their tombstones") {
  Tombstones tombstones;
  IdQueue odd, even;
  for (std::uint64_t i = 0; i < 100; ++i) (i % 2 == 1 ? odd : even).push({i});
  for (std::uint64_t i = 99; i > 1; --i) (i % 2 == 1 ? odd : even).erase({i}, tombstones);
  CHECK(odd.size() == 1);
  CHECK(odd.front() == RequestId{1});
  CHECK(even.size() == 1);
  CHECK(even.front() == RequestId{0});
  odd.erase({1}, tombstones);
  even.erase({0}, tombstones);
  CHECK(tombstones.size() == 0);
}
