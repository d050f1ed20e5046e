#include <webpool/policies/scheduling/aged.hpp>

#include <limits>

#include "../../catch.hpp"
#include "order.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {
Request request(std::uint64_t id, int priority, Duration submitted) {
  return {.id = {id}, .priority = priority, .submitted = TimePoint(submitted)};
}
}  // namespace

TEST_CASE("Aged serves by submission less a step for each level of priority") {
  const auto key = [](const Request& each) { return each.submitted - each.priority * 50ms; };
  compare_with_a_sorted_list([=](const Request& a, const Request& b) { return key(a) < key(b); },
                             scheduling::Aged({.step = 50ms}));
}

TEST_CASE("with a long step Aged is Priority, with none it is Fifo") {
  compare_with_a_sorted_list([](const Request& a, const Request& b) { return a.priority > b.priority; },
                             scheduling::Aged({.step = 1h}));
  for (const auto step : {0s, -1s})
    compare_with_a_sorted_list([](const Request&, const Request&) { return false; }, scheduling::Aged({.step = step}));
}

TEST_CASE("a low priority waits its difference in steps and what came before, however busy the pool is") {
  // A tab serves a request per 10 ms, and an urgent one comes each 10 ms: under Priority the low one would wait for
  // ever.
  scheduling::Aged aged;
  std::vector<Request> waiting{request(0, 0, 0ms)};
  aged.push(waiting.front());
  Duration served{-1};
  for (Duration now = 0ms; now < 10s && served < 0s; now += 10ms) {
    waiting.push_back(request(waiting.size(), 3, now));
    aged.push(waiting.back());
    const RequestId next = aged.front({}).value();
    if (next == RequestId{0}) served = now;
    aged.erase(waiting[next.value]);
  }
  CHECK(served > 2900ms);
  CHECK(served <= 3010ms);  // three levels of a second each, and one service
}

TEST_CASE("extreme priorities and steps overflow nothing") {
  constexpr int most = std::numeric_limits<int>::max(), least = std::numeric_limits<int>::min();
  for (const auto step : {std::chrono::nanoseconds::max(), std::chrono::nanoseconds(1h), std::chrono::nanoseconds(1)}) {
    scheduling::Aged aged({.step = step});
    aged.push(request(1, least, 1s));
    aged.push(request(2, 0, 1s));
    aged.push(request(3, most, 1s));
    CHECK(aged.front({}) == (step == std::chrono::nanoseconds::max() ? RequestId{1} : RequestId{3}));
  }
}
