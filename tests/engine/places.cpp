#include <webpool/engine/places.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

/// A tab that may have 100 bytes in flight and holds two models.
struct Limited : Rooms {
  Limited()
      : Rooms([] {
          PoolOptions options = attached();
          options.connection.bytes_in_flight = 100;
          return options;
        }()) {}

  RequestId run(std::size_t bytes) {
    const RequestId id = tables.requests.insert({.request = {.model = first.index, .payload_bytes = bytes}});
    tables.start_run(tables.requests[id], id, worker, now);
    return id;
  }
  void end(RequestId id) { CHECK(tables.end_run(tables.workers[worker], id, now)); }
  bool has_room(const ModelRow& row) const { return row.lane.has_room(Tables::index_of(tab)); }

  const ConnectionId tab = guest();
  ModelRow& first = tables.add_model(model("first"));
  ModelRow& second = tables.add_model(model("second"));
  const WorkerId worker = hold(first, tab), other = hold(second, tab);
};

}  // namespace

TEST_CASE("a tab with its bytes in flight has room for none of its models, until fewer are") {
  Limited rooms;
  const ConnectionRow& row = rooms.tables.connections[rooms.tab];
  const RequestId small = rooms.run(99);
  CHECK(rooms.has_room(rooms.first));
  const RequestId large = rooms.run(300);  // like credit that is used up: it still goes
  CHECK(row.bytes_in_flight == 399);
  CHECK_FALSE(rooms.has_room(rooms.first));
  CHECK_FALSE(rooms.has_room(rooms.second));
  rooms.end(small);
  CHECK_FALSE(rooms.has_room(rooms.second));
  CHECK_FALSE(row.relieved);
  rooms.end(large);
  CHECK(row.bytes_in_flight == 0);
  CHECK(row.relieved);
  CHECK(rooms.has_room(rooms.first));
  CHECK(rooms.has_room(rooms.second));
}

TEST_CASE("each worker that is ready is one place, until its lane closes") {
  Limited rooms;
  CHECK(rooms.tables.places == 2);
  const ModelRow& third = rooms.tables.add_model(model("third"));
  const WorkerId worker = rooms.tables.open_worker(*rooms.tables.model(third.index), rooms.tab, rooms.now);
  CHECK(rooms.tables.places == 2);
  rooms.tables.worker_ready(worker, Backend::wasm, 0, rooms.now);
  CHECK(rooms.tables.places == 3);
  rooms.tables.drain(rooms.tab);
  CHECK(rooms.tables.places == 0);
  CHECK_FALSE(rooms.has_room(rooms.first));
}
