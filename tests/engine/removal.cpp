#include <webpool/engine/removal.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("a tab that leaves fails its requests; the waiting go elsewhere") {
  OneTab rig;
  std::vector<RequestId> requests;
  for (int i = 0; i < 3; ++i) requests.push_back(rig.submit(rig.digits));
  rig.engine.left(rig.tab, Error(errc::connection_lost, "socket closed"), {rig.now, rig.out});
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 2);
  CHECK(code(ends[0].error) == errc::connection_lost);
  CHECK(says(ends[0].error, "model 'digits' was running in chromium 1.0, which went away: socket closed"));
  CHECK(rig.engine.metrics().losses == 1);
  CHECK(rig.engine.metrics().memory_bytes == 0);
  rig.join();
  rig.load_all();
  rig.take<Run>();
  CHECK(rig.engine.metrics().in_flight == 1);
}

TEST_CASE("a lost worker fails its requests, and the model comes back to the same tab") {
  OneTab rig;
  rig.submit(rig.digits);
  rig.engine.worker_lost(rig.worker, Error(errc::device_lost, "GPU reset"), {rig.now, rig.out});
  CHECK(code(rig.take<Complete>().at(0).error) == errc::device_lost);
  CHECK(rig.take<CloseWorker>().at(0).worker == rig.worker);
  CHECK(rig.take<OpenWorker>().at(0).connection == rig.tab);
}

TEST_CASE("removal alone: a closed worker's requests end, and its tab is marked") {
  PoolOptions options = attached();
  Rooms rooms(options);
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const ConnectionId tab = rooms.guest();
  const WorkerId worker = rooms.hold(digits, tab);
  rooms.submit(digits);
  rooms.dispatch.serve(digits, rooms.turn());
  rooms.removal.close_worker(worker, AfterWorker::closed, Error(errc::timed_out, "too slow"), rooms.turn());
  REQUIRE(rooms.said<Complete>().size() == 1);
  CHECK(code(rooms.said<Complete>()[0].error) == errc::timed_out);
  CHECK(rooms.said<CloseWorker>().size() == 1);
  CHECK(rooms.state.marks.take_tab() == tab);
  CHECK(digits.placeable.tabs().empty());
}

TEST_CASE("removal alone: a tab that drains takes nothing new, and its browser goes with it") {
  Rooms rooms(launching());
  const ConnectionId tab = rooms.launched();
  rooms.removal.drain(tab, rooms.turn());
  CHECK(rooms.tables.draining == 1);
  rooms.repair.settle(tab, rooms.turn());
  CHECK(rooms.said<CloseConnection>().size() == 1);
  CHECK(rooms.said<CloseBrowser>().size() == 1);
  CHECK(rooms.tables.connections.size() == 0);
}
