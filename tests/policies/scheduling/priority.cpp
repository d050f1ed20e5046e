#include <webpool/policies/scheduling/priority.hpp>

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
