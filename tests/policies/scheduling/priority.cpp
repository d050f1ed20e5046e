#include <webpool/policies/scheduling/priority.hpp>

#include <cstdint>
#include <limits>

#include "../../catch.hpp"
#include "order.hpp"

using namespace webpool;

TEST_CASE("Priority serves the highest priority first, and equals in order of arrival") {
  compare_with_a_sorted_list<scheduling::Priority>(
      [](const Request& a, const Request& b) { return a.priority > b.priority; });
}

TEST_CASE("Priority knows nothing of a lane that was never used") {
  scheduling::Priority priority;
  CHECK(priority.waiting({5}) == 0);
  CHECK_FALSE(priority.front({5}));
}

TEST_CASE("Priority takes any number of priorities, the least and the greatest among them") {
  scheduling::Priority priority;
  const auto request = [](int level) {
    return Request{.id = {std::uint64_t(level) + (1ull << 40)}, .model = {1}, .priority = level};
  };
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 1000; ++i) priority.push(request(i * 7919 % 1000));
    priority.push(request(std::numeric_limits<int>::min()));
    priority.push(request(std::numeric_limits<int>::max()));
    CHECK(priority.waiting({1}) == 1002);
    CHECK(priority.front({1}) == request(std::numeric_limits<int>::max()).id);
    priority.erase(request(std::numeric_limits<int>::max()));
    for (int i = 999; i >= 0; --i) {
      REQUIRE(priority.front({1}) == request(i).id);
      priority.erase(request(i));
    }
    CHECK(priority.front({1}) == request(std::numeric_limits<int>::min()).id);
    priority.erase(request(std::numeric_limits<int>::min()));
    CHECK_FALSE(priority.front({1}));
  }
}
