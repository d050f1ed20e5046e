#include <string>
#include <webpool/testing/event_queue.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("events come in the order of time, and of insertion among equals") {
  constexpr TimePoint start{10s};
  testing::EventQueue<char> events(start);
  events.push(start + 2s, 'c');
  events.push(start + 1s, 'a');
  events.push(start + 2s, 'd');
  events.push(start + 1s, 'b');
  std::string order;
  while (const auto event = events.pop(start + 5s)) order += *event;
  CHECK(order == "abcd");
  CHECK(events.now() == start + 5s);
}

TEST_CASE("the clock stops at the end of what was asked for, and never goes back") {
  constexpr TimePoint start{10s};
  testing::EventQueue<int> events(start);
  events.push(start + 3s, 1);
  CHECK_FALSE(events.pop(start + 2s));
  CHECK(events.now() == start + 2s);
  events.push(start, 2);
  CHECK(events.pop(start + 9s) == 2);
  CHECK(events.now() == start + 2s);
  CHECK_FALSE(events.pop(start));
  CHECK(events.pop(start + 9s) == 1);
  CHECK(events.now() == start + 3s);
  CHECK(events.empty());
}
