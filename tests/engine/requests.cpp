#include <webpool/engine/requests.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("cancelling a request that waits ends it; one that runs keeps its place until the reply") {
  PoolOptions options = attached();
  options.connection.requests_in_flight = 1;
  OneTab rig(options);
  const RequestId running = rig.submit(rig.digits), waiting = rig.submit(rig.digits), third = rig.submit(rig.digits);
  const Run run = rig.take<Run>().at(0);
  rig.engine.cancel(waiting, {rig.now, rig.out});
  CHECK(code(rig.take<Complete>().at(0).error) == errc::cancelled);
  CHECK(rig.take<CancelRun>().empty());
  rig.engine.cancel(running, {rig.now, rig.out});
  CHECK(code(rig.take<Complete>().at(0).error) == errc::cancelled);
  CHECK(rig.take<CancelRun>().at(0).request == running);
  CHECK(rig.take<Run>().empty());
  rig.engine.cancel(running, {rig.now, rig.out});
  CHECK(rig.out.empty());
  CHECK_FALSE(rig.fail(run, errc::cancelled));
  CHECK(rig.take<Run>().at(0).request == third);
  CHECK(rig.engine.metrics().late_replies == 1);
  CHECK(rig.engine.metrics().cancelled == 2);
}

TEST_CASE("a request past its deadline ends, whether it waits or runs, and is never sent") {
  PoolOptions options = attached();
  options.connection.requests_in_flight = 1;
  OneTab rig(options);
  const RequestId running = rig.submit(rig.digits, 50ms);
  const RequestId waiting = rig.submit(rig.digits, 60ms);
  const Run run = rig.take<Run>().at(0);
  rig.tick(50ms);
  auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].request == running);
  CHECK(code(ends[0].error) == errc::deadline_exceeded);
  CHECK(rig.take<CancelRun>().size() == 1);
  rig.now += 10ms;
  CHECK_FALSE(rig.finish(run));
  CHECK(rig.take<Run>().empty());
  ends = rig.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].request == waiting);
  CHECK(rig.engine.metrics().expired == 2);
}

TEST_CASE("requests alone: a refused one ends at once, one that waits marks its model") {
  Rooms rooms(attached());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const RequestId waits = rooms.submit(digits);
  CHECK(rooms.state.marks.take_model() == &digits);
  CHECK(rooms.requests.next(digits).row->request.id == waits);
  CHECK(rooms.requests.next(digits).waiting == 1);
  CHECK(rooms.said<Complete>().empty());
  const RequestId refused = rooms.requests.submit({.model = ModelIndex{7}}, {}, rooms.turn());
  REQUIRE(rooms.said<Complete>().size() == 1);
  CHECK(rooms.said<Complete>()[0].request == refused);
  CHECK(code(rooms.said<Complete>()[0].error) == errc::model_released);
}

TEST_CASE("requests alone: a deadline ends what still waits") {
  Rooms rooms(attached());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const RequestId soon = rooms.submit(digits, 1s), later = rooms.submit(digits, 3s);
  rooms.now += 2s;
  rooms.requests.tick(rooms.turn());
  REQUIRE(rooms.said<Complete>().size() == 1);
  CHECK(rooms.said<Complete>()[0].request == soon);
  CHECK(rooms.requests.next(digits).row->request.id == later);
}
