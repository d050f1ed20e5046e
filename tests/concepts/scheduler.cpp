#include <webpool/concepts/scheduler.hpp>

#include "../catch.hpp"
#include "archetypes.hpp"

using namespace archetypes;

TEST_CASE("a listener to ends has an ended that returns nothing and cannot throw") {
  STATIC_REQUIRE(EndListener<Ending>);
  STATIC_REQUIRE_FALSE(EndListener<Queue>);
  STATIC_REQUIRE_FALSE(EndListener<EndingWithResult>);
  STATIC_REQUIRE_FALSE(EndListener<EndingThatMayThrow>);
}

TEST_CASE("admission control has an admit that answers and cannot throw") {
  STATIC_REQUIRE(AdmissionControl<Admitting>);
  STATIC_REQUIRE_FALSE(AdmissionControl<Queue>);
  STATIC_REQUIRE_FALSE(AdmissionControl<AdmittingWithBool>);
  STATIC_REQUIRE_FALSE(AdmissionControl<AdmittingThatMayThrow>);
}

TEST_CASE("a scheduler is movable and has four members that cannot throw") {
  STATIC_REQUIRE(Scheduler<Queue>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueNotMovable>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithoutPush>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithThrowingPush>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithResultOfPush>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithoutFront>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithThrowingFront>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithBareFront>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithoutErase>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithThrowingErase>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithResultOfErase>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithoutWaiting>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithThrowingWaiting>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithIntWaiting>);
  STATIC_REQUIRE_FALSE(Scheduler<QueueWithMutableWaiting>);
}
