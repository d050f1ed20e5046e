#include "catch.hpp"

#include <chrono>
#include <webpool/request.hpp>

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("a request has no deadline and no preference unless it says so", "[vocabulary]") {
  CHECK(Request{}.deadline == end_of_time);
  CHECK(Request{}.priority == 0);
  const RequestOptions options{.priority = 1, .deadline = 50ms};
  CHECK(options.deadline == 50ms);
  CHECK(options.outputs.empty());
  CHECK_FALSE(RequestOptions{}.deadline);
}
