#include <webpool/policies/scheduling/lanes.hpp>

#include <vector>
#include <webpool/concepts/scheduler.hpp>

#include "../../catch.hpp"
#include "order.hpp"

using namespace webpool;

namespace {
/// Later deadlines first.
struct Latest : scheduling::detail::KeyedLanes<std::int64_t> {
  void push(const Request& request) noexcept {
    KeyedLanes::push(request, -request.deadline.time_since_epoch().count());
  }
};
static_assert(Scheduler<Latest>);
}  // namespace

TEST_CASE("KeyedLanes serve the least key first, and equals in order of arrival") {
  compare_with_a_sorted_list<Latest>([](const Request& a, const Request& b) { return a.deadline > b.deadline; });
}

TEST_CASE("KeyedLanes know nothing of a lane that was never used") {
  const scheduling::detail::KeyedLanes<int> lanes;
  CHECK(lanes.waiting({5}) == 0);
  CHECK_FALSE(lanes.front({5}));
}

TEST_CASE("a lane may lose all but its first request, and then that") {
  scheduling::detail::KeyedLanes<int> lanes;
  std::vector<Request> requests;
  for (std::uint64_t i = 0; i < 1000; ++i) requests.push_back({.id = {i}, .model = {2}});
  for (const Request& each : requests) lanes.push(each, static_cast<int>(each.id.value));
  for (std::size_t i = 999; i > 0; --i) lanes.erase(requests[i]);
  CHECK(lanes.waiting({2}) == 1);
  CHECK(lanes.front({2}) == RequestId{0});
  CHECK(lanes.front_key({2}) == 0);
  lanes.erase(requests[0]);
  CHECK(lanes.waiting({2}) == 0);
  CHECK_FALSE(lanes.front({2}));
}
