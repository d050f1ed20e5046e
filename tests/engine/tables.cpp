#include <webpool/engine/tables.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {
constexpr TimePoint now{1000s};

struct OneWorker {
  Tables tables{2, 0};
  ModelRow& digits = tables.add_model(model("digits"));
  ConnectionId tab = tables.add_connection(browser(Browser::firefox), std::nullopt, now);
  WorkerId worker = tables.open_worker(digits, tab, now);
  ConnectionState& state = tables.state(tab);

  RequestId run() {
    const RequestId id = tables.requests.insert({});
    tables.start_run(tables.requests[id], id, worker, now);
    return id;
  }
};
}  // namespace

TEST_CASE("a tab is placeable for the models that fit it, whoever came first") {
  Tables tables(2, 0);
  const ModelRow& before = tables.add_model(model("before"));
  const ConnectionId tab = tables.add_connection(browser(Browser::firefox), std::nullopt, now);
  const ModelRow& after = tables.add_model(model("after"));
  const ModelRow& elsewhere = tables.add_model(model("elsewhere", {Browser::safari}));
  CHECK(before.placeable.contains(Tables::index_of(tab)));
  CHECK(after.placeable.contains(Tables::index_of(tab)));
  CHECK(elsewhere.placeable.empty());
  tables.erase_connection(tab);
  CHECK(before.placeable.empty());
}

TEST_CASE("indexes of removed models are used again") {
  Tables tables(2, 0);
  const ModelIndex first = tables.add_model(model("first")).index;
  tables.add_model(model("second"));
  tables.models[first.value].reset();
  CHECK(tables.model(first) == nullptr);
  CHECK(tables.add_model(model("third")).index == first);
  CHECK(tables.model({99}) == nullptr);
}

TEST_CASE("a worker's memory is accounted from its opening to its end") {
  OneWorker world;
  CHECK(world.digits.loading == 1);
  CHECK_FALSE(world.digits.placeable.contains(Tables::index_of(world.tab)));
  CHECK(world.state.memory_bytes == 100);
  world.tables.worker_ready(world.worker, Backend::wasm, 80, now);
  CHECK(world.digits.loading == 0);
  CHECK(world.digits.lane.size() == 1);
  CHECK(world.tables.places == 1);
  CHECK(world.state.memory_bytes == 80);
  CHECK(world.tables.memory == 80);
  CHECK(world.digits.bytes == 80);
  world.tables.erase_worker(world.worker, AfterWorker::may_load_again);
  CHECK(world.tables.memory == 0);
  CHECK(world.state.models == 0);
  CHECK(world.tables.places == 0);
  CHECK(world.digits.placeable.contains(Tables::index_of(world.tab)));
}

TEST_CASE("a size that the page doesn't know leaves the estimate") {
  OneWorker world;
  world.tables.worker_ready(world.worker, Backend::wasm, 0, now);
  CHECK(world.tables.memory == 100);
}

TEST_CASE("a run occupies its place until it is answered, even when its request has ended") {
  OneWorker world;
  world.tables.worker_ready(world.worker, Backend::wasm, 0, now);
  const RequestId request = world.run();
  CHECK(world.tables.running == 1);
  world.tables.erase_request(request);
  CHECK(world.tables.running == 0);
  CHECK(world.tables.in_flight == 1);
  CHECK(world.state.in_flight == 1);
  CHECK(world.digits.lane.idle() == 0);
  WorkerRow& row = world.tables.workers[world.worker];
  CHECK(world.tables.end_run(row, request, now));
  CHECK_FALSE(world.tables.end_run(row, request, now));
  CHECK(world.tables.in_flight == 0);
  CHECK(world.digits.lane.idle() == 1);
}

TEST_CASE("a tab that drains is in no lane and placeable for no model") {
  OneWorker world;
  world.tables.worker_ready(world.worker, Backend::wasm, 0, now);
  ModelRow& other = world.tables.add_model(model("other"));
  const RequestId request = world.run();
  world.tables.drain(world.tab);
  CHECK(world.tables.draining == 1);
  CHECK(world.digits.lane.size() == 0);
  CHECK(world.tables.places == 0);
  CHECK(other.placeable.empty());
  CHECK(world.tables.end_run(world.tables.workers[world.worker], request, now));
  world.tables.erase_worker(world.worker, AfterWorker::may_load_again);
  CHECK(world.digits.placeable.empty());
  world.tables.erase_connection(world.tab);
  CHECK(world.tables.draining == 0);
}

TEST_CASE("a tab that yields gets no requests, not even for what it loads meanwhile, until it is opened again") {
  OneWorker world;
  world.tables.worker_ready(world.worker, Backend::wasm, 0, now);
  ModelRow& other = world.tables.add_model(model("other"));
  const WorkerId second = world.tables.open_worker(other, world.tab, now);
  world.tables.yield(world.tab, other.index);
  CHECK(world.tables.places == 0);
  world.tables.worker_ready(second, Backend::wasm, 0, now);
  CHECK(other.lane.size() == 0);
  world.tables.reopen(world.tab);
  CHECK(world.tables.places == 2);
  CHECK(other.lane.idle() == 1);
  CHECK(world.digits.lane.idle() == 1);
}
