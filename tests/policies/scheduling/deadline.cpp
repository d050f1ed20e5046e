#include <webpool/policies/scheduling/deadline.hpp>

#include <limits>

#include "../../catch.hpp"
#include "order.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {
constexpr TimePoint start{1000s};

Request due(std::uint64_t id, Duration after, std::uint32_t model = 0) {
  return {.id = {id}, .model = {model}, .submitted = start, .deadline = start + after};
}

void answer(scheduling::Deadline& deadline, std::chrono::nanoseconds service, bool ok = true) {
  const Request request{.id = {}, .model = {}};
  deadline.observe({.request = request,
                    .connection = {},
                    .joined = {},
                    .sent = start,
                    .ended = start,
                    .service = service,
                    .ok = ok});
}

constexpr LaneLoad idle{.waiting = 0, .in_flight = 0, .places = 1};
}  // namespace

TEST_CASE("Deadline serves the earliest deadline first, those without one last, and equals in order of arrival") {
  compare_with_a_sorted_list<scheduling::Deadline>(
      [](const Request& a, const Request& b) { return a.deadline < b.deadline; });
}

TEST_CASE("Deadline refuses what would end too late") {
  scheduling::Deadline deadline;
  answer(deadline, 10ms);
  CHECK(deadline.admit(due(1, 10ms), idle) == Admission::accept);
  CHECK(deadline.admit(due(1, 9ms), idle) == Admission::too_late);
  // Three in flight in two tabs: two rounds before its own.
  const LaneLoad busy{.waiting = 0, .in_flight = 3, .places = 2};
  CHECK(deadline.admit(due(1, 30ms), busy) == Admission::accept);
  CHECK(deadline.admit(due(1, 29ms), busy) == Admission::too_late);
}

TEST_CASE("only requests with a deadline that is not later are ahead") {
  scheduling::Deadline deadline;
  answer(deadline, 10ms);
  for (std::uint64_t i = 0; i < 100; ++i) deadline.push(due(i, 10s));
  Request patient = due(200, 0s);
  patient.deadline = end_of_time;
  deadline.push(patient);
  const LaneLoad load{.waiting = 101, .in_flight = 0, .places = 1};
  CHECK(deadline.admit(due(300, 20ms), load) == Admission::accept);
  CHECK(deadline.admit(due(300, 10s), load) == Admission::accept);  // (100 + 1) * 10 ms

  for (std::uint64_t i = 100; i < 103; ++i) deadline.push(due(i, 30ms));
  CHECK(deadline.admit(due(300, 39ms), load) == Admission::too_late);
  CHECK(deadline.admit(due(300, 40ms), load) == Admission::accept);
  deadline.erase(due(101, 30ms));
  CHECK(deadline.admit(due(300, 30ms), load) == Admission::accept);
}

TEST_CASE("without a deadline, a measurement or a tab, everything is admitted") {
  scheduling::Deadline deadline;
  CHECK(deadline.admit(due(1, 1ns), idle) == Admission::accept);
  answer(deadline, 1h, false);  // a failure measures nothing
  CHECK(deadline.admit(due(1, 1ns), idle) == Admission::accept);
  answer(deadline, 10ms);
  Request patient = due(1, 0s);
  patient.deadline = end_of_time;
  CHECK(deadline.admit(patient, {.waiting = 1000, .in_flight = 1000, .places = 1}) == Admission::accept);
  CHECK(deadline.admit(due(1, 1ns), {.waiting = 0, .in_flight = 0, .places = 0}) == Admission::accept);
  CHECK(deadline.admit(due(1, 1ns), idle) == Admission::too_late);
  CHECK(deadline.admit(due(1, 1ns, 7), idle) == Admission::accept);  // another model
}

TEST_CASE("the service is a mean at first, then follows the newest answers") {
  scheduling::Deadline deadline;
  answer(deadline, 10ms);
  answer(deadline, 20ms);
  CHECK(deadline.admit(due(1, 16ms), idle) == Admission::accept);
  CHECK(deadline.admit(due(1, 14ms), idle) == Admission::too_late);
  for (int i = 0; i < 50; ++i) answer(deadline, 100ms);
  CHECK(deadline.admit(due(1, 99ms), idle) == Admission::too_late);
  CHECK(deadline.admit(due(1, 101ms), idle) == Admission::accept);
}

TEST_CASE("an α that is no share, and a service below 0, count as the default and as 0") {
  for (const double alpha : {0.0, -1.0, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    scheduling::Deadline deadline({.alpha = alpha});
    answer(deadline, -5s);
    for (int i = 0; i < 50; ++i) answer(deadline, 10ms);
    CHECK(deadline.admit(due(1, 11ms), idle) == Admission::accept);
    CHECK(deadline.admit(due(1, 9ms), idle) == Admission::too_late);
  }
}
