#include <webpool/engine/setbacks.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("setbacks alone: a tab pauses, then rests, then may be asked again") {
  Rooms rooms(attached());
  const ConnectionId tab = rooms.guest();
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  Setbacks setbacks(rooms.state);
  const ConnectionIndex index = Tables::index_of(tab);
  digits.placeable.erase(index);
  const Error broken(errc::load_failed, "hash mismatch");
  const auto may = [&](Duration later) {
    setbacks.tick(rooms.now += later);
    return digits.placeable.contains(index);
  };
  const auto fail = [&](Setbacks::Cost cost) {
    digits.placeable.erase(index);
    setbacks.note(digits, tab, cost, broken, rooms.now);
  };
  SECTION("after three failures") {
    fail(Setbacks::Cost::failed);
    CHECK(Setbacks::pauses(digits));
    CHECK_FALSE(may(499ms));
    CHECK(may(1ms));
    CHECK_FALSE(Setbacks::pauses(digits));
    fail(Setbacks::Cost::failed);
    CHECK_FALSE(may(999ms));
    CHECK(may(1ms));
    for (int i = 0; i < 3; ++i) {
      fail(Setbacks::Cost::failed);
      CHECK_FALSE(Setbacks::pauses(digits));
      CHECK(digits.failed_on.contains(index));
      CHECK_FALSE(may(29s));
      CHECK(may(1s));
      CHECK(digits.failed_on.empty());
    }
  }
  SECTION("after two loads that made no progress") {
    fail(Setbacks::Cost::overdue);
    CHECK(may(1s));
    fail(Setbacks::Cost::overdue);
    CHECK(digits.failed_on.contains(index));
    CHECK_FALSE(may(29s));
  }
  SECTION("a load that succeeds ends the count") {
    fail(Setbacks::Cost::overdue);
    Setbacks::loaded(digits, tab);
    fail(Setbacks::Cost::failed);
    CHECK(may(500ms));
  }
  SECTION("not while the tab drains, nor when it is gone") {
    fail(Setbacks::Cost::failed);
    rooms.tables.drain(tab);
    CHECK_FALSE(may(1s));
    rooms.tables.erase_connection(tab);
    CHECK_FALSE(may(1s));
    CHECK(digits.setbacks.empty());
  }
}

TEST_CASE("setbacks alone: what no backend can hold is final, unless the tab has held it") {
  Rooms rooms(attached());
  const ConnectionId tab = rooms.guest();
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const Error error(GENERATE(errc::no_backend, errc::model_invalid), "no");
  const bool has_held = GENERATE(false, true);
  if (has_held) Setbacks::loaded(digits, tab);
  rooms.supply.setbacks.note(digits, tab, Setbacks::Cost::failed, error, rooms.now);
  CHECK(digits.failed_on.empty() == has_held);
  CHECK(Setbacks::pauses(digits) == has_held);
}
