#include <webpool/engine/guest_checks.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {
/// One guest and one own tab, both of which hold a model; the guest has a run.
struct Both : Rooms {
  explicit Both(double share) : Rooms(options(share)) {
    guest_worker = hold(digits, guest_tab);
    request = submit(digits);
    dispatch.serve(digits, turn());
    hold(digits, own_tab);
    out.clear();
  }
  static PoolOptions options(double share) {
    PoolOptions all = launching();
    all.guests.recheck_share = share;
    return all;
  }

  GuestChecks checks{state, requests};
  ModelRow& digits = tables.add_model(model("digits"));
  ConnectionId guest_tab = guest(), own_tab = launched();
  WorkerId guest_worker;
  RequestId request;
};
}  // namespace

TEST_CASE("guest checks alone: a guest's result is held, and goes out when an own tab agrees") {
  Both both(1);
  REQUIRE_FALSE(both.checks.succeed(both.request, {.draw = 0}, both.turn()));
  CHECK(both.said<HoldResult>().size() == 1);
  CHECK(both.said<Complete>().empty());
  both.dispatch.serve(both.digits, both.turn());
  CHECK_FALSE(both.checks.succeed(both.request, {}, both.turn()));
  REQUIRE(both.said<Complete>().size() == 1);
  CHECK(both.said<Complete>()[0].held);
}

TEST_CASE("guest checks alone: the guest that was wrong is named, and its held results count for nothing") {
  Both both(1);
  both.checks.succeed(both.request, {.draw = 0}, both.turn());
  both.dispatch.serve(both.digits, both.turn());
  const Error differs(errc::run_failed, "another number");
  CHECK(both.checks.succeed(both.request, {.disagreement = &differs}, both.turn()) == both.guest_tab);
  both.checks.discard_results_of(both.guest_tab);
  CHECK(both.state.counters.disagreements == 1);
}

TEST_CASE("guest checks alone: unchecked pools answer at once") {
  Both both(0);
  both.checks.succeed(both.request, {.draw = 0}, both.turn());
  CHECK(both.said<HoldResult>().empty());
  REQUIRE(both.said<Complete>().size() == 1);
  CHECK_FALSE(both.said<Complete>()[0].held);
}
