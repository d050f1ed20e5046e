#include <webpool/engine/figures.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("the load that scaling sees counts no tab that drains") {
  Rooms rooms(launching());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const ConnectionId first = rooms.launched(), second = rooms.launched();
  rooms.hold(digits, first);
  rooms.hold(digits, second);
  Actions out;
  rooms.fleet.launch({}, {rooms.now, out});
  rooms.tables.drain(second);
  const PoolLoad load = pool_load(rooms.state, rooms.fleet, rooms.now);
  CHECK(load.connections == 1);
  CHECK(load.starting == 1);
  CHECK(load.capacity == 2);
  const Metrics sums = metrics_of(rooms.state, rooms.fleet);
  CHECK(sums.connections == 2);
  CHECK(sums.workers == 2);
  CHECK(sums.starting == 1);
  CHECK(sums.models == 1);
}
