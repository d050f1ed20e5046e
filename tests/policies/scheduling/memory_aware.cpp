#include <webpool/policies/scheduling/memory_aware.hpp>

#include <limits>
#include <webpool/policies/scheduling/deadline.hpp>
#include <webpool/policies/scheduling/limited.hpp>

#include "../../catch.hpp"
#include "order.hpp"

using namespace webpool;
using namespace webpool::scheduling;

static_assert(Scheduler<MemoryAware<Fifo>> && !AdmissionControl<MemoryAware<Fifo>> && !Observer<MemoryAware<Fifo>>);
static_assert(AdmissionControl<MemoryAware<Deadline>> && Observer<MemoryAware<Deadline>>);

namespace {
Request request(std::uint64_t id, std::size_t bytes, std::uint32_t model = 0) {
  return {.id = {id}, .model = {model}, .payload_bytes = bytes};
}
constexpr ModelIndex first{0}, second{1};
}  // namespace

TEST_CASE("MemoryAware without a limit keeps the order of the scheduler inside") {
  compare_with_a_sorted_list([](const Request& a, const Request& b) { return a.priority > b.priority; },
                             MemoryAware<>({.bytes = 0}));
}

TEST_CASE("requests are held while too many bytes are under way, and none of their lane passes them") {
  MemoryAware<> queue({.bytes = 100});
  for (const Request& each : {request(1, 60), request(2, 50), request(3, 1)}) queue.push(each);
  CHECK(queue.front(first) == RequestId{1});
  queue.erase(request(1, 60));
  CHECK_FALSE(queue.front(first));
  CHECK(queue.waiting(first) == 2);
  queue.ended(request(1, 60));
  CHECK(queue.front(first) == RequestId{2});
  queue.erase(request(2, 50));
  CHECK(queue.front(first) == RequestId{3});
}

TEST_CASE("what is cancelled frees its bytes, waiting or under way") {
  MemoryAware<> queue({.bytes = 100});
  for (const Request& each : {request(1, 100), request(2, 100), request(3, 100)}) queue.push(each);
  queue.erase(request(1, 100));
  queue.erase(request(2, 100));  // never sent
  queue.ended(request(2, 100));
  CHECK_FALSE(queue.front(first));
  queue.ended(request(1, 100));
  CHECK(queue.front(first) == RequestId{3});
  queue.ended(request(1, 100));  // says nothing new
  queue.erase(request(3, 100));
  queue.push(request(4, 1));
  CHECK_FALSE(queue.front(first));
}

TEST_CASE("a payload beyond the limit goes alone, and no payload always goes") {
  MemoryAware<> queue({.bytes = 100});
  queue.push(request(1, 1));
  queue.push(request(2, 101));
  queue.push(request(3, std::numeric_limits<std::size_t>::max()));
  queue.push(request(4, 0));
  queue.erase(request(1, 1));
  CHECK_FALSE(queue.front(first));
  queue.ended(request(1, 1));
  CHECK(queue.front(first) == RequestId{2});
  queue.erase(request(2, 101));
  CHECK_FALSE(queue.front(first));
  queue.erase(request(3, std::numeric_limits<std::size_t>::max()));  // cancelled
  queue.ended(request(3, std::numeric_limits<std::size_t>::max()));
  CHECK(queue.front(first) == RequestId{4});
}

TEST_CASE("other lanes go ahead of a held one, but not for ever") {
  MemoryAware<> queue({.bytes = 100, .overtakes = 3});
  const auto send = [&](std::uint64_t id) {
    REQUIRE(queue.front(second) == RequestId{id});
    queue.erase(request(id, 20, 1));
  };
  queue.push(request(100, 90));
  for (std::uint64_t id = 1; id <= 10; ++id) queue.push(request(id, 20, 1));
  send(1);
  CHECK_FALSE(queue.front(first));  // held from here on
  for (std::uint64_t id = 2; id <= 4; ++id) send(id);
  CHECK_FALSE(queue.front(second));  // although 20 bytes would fit
  for (std::uint64_t id = 1; id <= 3; ++id) queue.ended(request(id, 20, 1));
  CHECK_FALSE(queue.front(second));
  queue.ended(request(4, 20, 1));
  CHECK(queue.front(second) == RequestId{5});  // with nothing under way anyone may go
  CHECK(queue.front(first) == RequestId{100});
  queue.erase(request(100, 90));
  CHECK_FALSE(queue.front(second));
  queue.ended(request(100, 90));
  send(5);
}

TEST_CASE("a held lane that is emptied holds nobody up") {
  MemoryAware<> queue({.bytes = 100, .overtakes = 0});
  queue.push(request(1, 60));
  queue.push(request(2, 60));
  queue.push(request(3, 10, 1));
  queue.erase(request(1, 60));
  CHECK_FALSE(queue.front(first));
  CHECK_FALSE(queue.front(second));
  queue.erase(request(2, 60));
  queue.ended(request(2, 60));
  CHECK(queue.front(second) == RequestId{3});
}

TEST_CASE("Limited around MemoryAware passes the ends on, also of what never came in") {
  Limited<MemoryAware<>> queue({.limit = 1, .when_full = WhenFull::delay}, MemoryAware<>({.bytes = 100}));
  for (const Request& each : {request(1, 100), request(2, 100), request(3, 100)}) queue.push(each);
  queue.erase(request(3, 100));  // cancelled outside
  queue.ended(request(3, 100));
  queue.erase(request(1, 100));
  CHECK_FALSE(queue.front(first));
  queue.ended(request(1, 100));
  CHECK(queue.front(first) == RequestId{2});
}
