#include <webpool/engine/rows.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("a tab loads while one of its workers is not ready, and holds tensors while one has some") {
  Rooms rooms(attached());
  const ConnectionId tab = rooms.guest();
  const ConnectionRow& row = rooms.tables.connections[tab];
  CHECK_FALSE(rooms.tables.loads(row));
  const WorkerId worker = rooms.tables.open_worker(rooms.tables.add_model(model("digits")), tab, rooms.now);
  CHECK(rooms.tables.loads(row));
  rooms.tables.worker_ready(worker, Backend::wasm, 0, rooms.now);
  CHECK_FALSE(rooms.tables.loads(row));
  CHECK_FALSE(rooms.tables.holds_tensors(row));
  rooms.tables.keep(worker, 8, nullptr);
  CHECK(rooms.tables.holds_tensors(row));
}

TEST_CASE("a model is found by its index while it is there") {
  Rooms rooms(attached());
  const ModelIndex index = rooms.tables.add_model(model("digits")).index;
  REQUIRE(rooms.tables.model(index));
  CHECK(rooms.tables.model(index)->spec.name == "digits");
  CHECK_FALSE(rooms.tables.model(ModelIndex{7}));
  rooms.tables.models[index.value].reset();
  CHECK_FALSE(rooms.tables.model(index));
}
