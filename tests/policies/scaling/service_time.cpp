#include <webpool/policies/scaling/service_time.hpp>

#include "../../catch.hpp"
#include "outcomes.hpp"

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("a service time is unknown until something is answered, then the mean") {
  scaling::detail::ServiceTime service;
  CHECK(service.at(TimePoint(0s)) == 0);
  answer(service, 1h, 1, false);
  CHECK(service.at(TimePoint(1s)) == 0);
  answer(service, 10ms);
  answer(service, 30ms);
  CHECK(service.at(TimePoint(2s)) == Approx(0.02));
  CHECK(service.at(TimePoint(100s)) == Approx(0.02));
}

TEST_CASE("with many answers it follows time, with few their number") {
  scaling::detail::ServiceTime many, few;
  answer(many, 10ms);
  answer(few, 10ms);
  many.at(TimePoint(0s));
  few.at(TimePoint(0s));
  answer(many, 20ms, 1000);
  CHECK(many.at(TimePoint(1s)) == Approx(0.012));
  answer(few, 20ms);
  CHECK(few.at(TimePoint(1h)) == Approx(0.010 + 0.010 / 16));
}

TEST_CASE("answers that come while the clock stands or goes backwards are kept for later") {
  scaling::detail::ServiceTime service;
  answer(service, 10ms);
  service.at(TimePoint(10s));
  answer(service, 20ms, 1000);
  CHECK(service.at(TimePoint(10s)) == Approx(0.010));
  CHECK(service.at(TimePoint(5s)) == Approx(0.010));
  CHECK(service.at(TimePoint(1h)) == Approx(0.020));
  answer(service, -1s, 1000);
  CHECK(service.at(TimePoint(2h)) == Approx(0).margin(1e-9));
}
