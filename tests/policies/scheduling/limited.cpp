#include <webpool/policies/scheduling/limited.hpp>

#include <algorithm>
#include <limits>
#include <webpool/policies/scheduling/aged.hpp>
#include <webpool/policies/scheduling/deadline.hpp>

#include "../../catch.hpp"
#include "order.hpp"

using namespace webpool;
using namespace webpool::scheduling;
using namespace std::chrono_literals;

static_assert(Scheduler<Limited<Fifo>> && Scheduler<Limited<Limited<Aged>>>);
static_assert(Observer<Limited<Deadline>> && !Observer<Limited<Fifo>>);

namespace {
Request request(std::uint64_t id, int priority = 0, std::uint32_t model = 0) {
  return {.id = {id}, .model = {model}, .priority = priority, .submitted = {}};
}
constexpr LaneLoad load{};
}  // namespace

TEST_CASE("Limited keeps the order of the scheduler inside") {
  const auto by_priority = [](const Request& a, const Request& b) { return a.priority > b.priority; };
  compare_with_a_sorted_list<Limited<>>(by_priority);
  compare_with_a_sorted_list(by_priority, Limited<>({.limit = 0, .when_full = WhenFull::delay}));
  // With a limit per priority, what waits outside is of the same priority and later.
  compare_with_a_sorted_list(by_priority, Limited<>({.limit = 3, .when_full = WhenFull::delay}));
  compare_with_a_sorted_list([](const Request&, const Request&) { return false; },
                             Limited<Fifo>({.limit = 0, .when_full = WhenFull::delay}));
}

TEST_CASE("a full queue rejects, per model and priority") {
  Limited<> limited({.limit = 2, .by_priority = {{5, 1}, {6, 0}}});
  for (std::uint64_t i = 0; i < 2; ++i) {
    CHECK(limited.admit(request(i), load) == Admission::accept);
    limited.push(request(i));
  }
  CHECK(limited.admit(request(2), load) == Admission::queue_full);
  CHECK(limited.admit(request(2, 1), load) == Admission::accept);
  CHECK(limited.admit(request(2, 0, 1), load) == Admission::accept);
  limited.push(request(2, 5));
  CHECK(limited.admit(request(3, 5), load) == Admission::queue_full);
  for (std::uint64_t i = 10; i < 100; ++i) limited.push(request(i, 6));  // 0: unlimited
  CHECK(limited.admit(request(100, 6), load) == Admission::accept);

  limited.erase(request(1));
  CHECK(limited.admit(request(3), load) == Admission::accept);
}

TEST_CASE("a full queue delays: what waits outside enters when there is room") {
  Limited<Aged> limited({.limit = 1, .when_full = WhenFull::delay});
  const auto at = [](std::uint64_t id, Duration submitted, int priority = 0) {
    Request made = request(id, priority);
    made.submitted = TimePoint(submitted);
    return made;
  };
  limited.push(at(1, 30s));
  limited.push(at(2, 10s));  // would be first, but is outside
  limited.push(at(3, 20s));
  CHECK(limited.admit(at(4, 0s), load) == Admission::accept);
  CHECK(limited.waiting({}) == 3);
  CHECK(limited.front({}) == RequestId{1});
  limited.erase(at(2, 10s));  // cancelled while outside
  CHECK(limited.waiting({}) == 2);
  limited.erase(at(1, 30s));
  CHECK(limited.front({}) == RequestId{3});
  limited.erase(at(3, 20s));
  CHECK(limited.waiting({}) == 0);
  CHECK_FALSE(limited.front({}));
}

TEST_CASE("random comings and goings with delays lose nobody") {
  std::mt19937_64 random(1);
  Limited<> limited({.limit = 4, .when_full = WhenFull::delay});
  std::vector<Request> waiting;
  for (std::uint64_t i = 0; i < 30'000; ++i) {
    if (waiting.empty() || random() % 10 < ((i / 1000) % 2 == 0 ? 6u : 4u)) {
      // More pairs of model and priority than are remembered.
      waiting.push_back(request(i, static_cast<int>(random() % 50), static_cast<std::uint32_t>(random() % 3)));
      limited.push(waiting.back());
    } else {
      const ModelIndex model = waiting[random() % waiting.size()].model;
      const auto gone = random() % 2 == 0 ? std::ranges::find(waiting, limited.front(model).value(), &Request::id)
                                          : waiting.begin() + static_cast<std::ptrdiff_t>(random() % waiting.size());
      REQUIRE(gone != waiting.end());
      limited.erase(*gone);
      waiting.erase(gone);
    }
    REQUIRE(limited.waiting({0}) + limited.waiting({1}) + limited.waiting({2}) == waiting.size());
  }
}

TEST_CASE("Limited passes on what the scheduler inside decides and wants to hear") {
  Limited<Deadline> limited({.limit = 2});
  Request late = request(1);
  late.deadline = TimePoint(1ms);
  const LaneLoad one{.waiting = 0, .in_flight = 0, .places = 1};
  CHECK(limited.admit(late, one) == Admission::accept);
  limited.observe({.request = late, .connection = {}, .joined = {}, .sent = {}, .ended = {}, .service = 10ms});
  CHECK(limited.admit(late, one) == Admission::too_late);
}
