// Requests that one worker alone may have, because their tensors are there.

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

/// Two tabs that hold a model; the selector would take the first.
struct TwoTabs : Rig<> {
  explicit TwoTabs(PoolOptions options = attached()) : Rig(std::move(options)) {
    index = engine.add_model(model("m", {}, 2), {now, out});
    first = join();
    second = join();
    for (const OpenWorker& each : load_all()) (each.connection == first ? first_worker : second_worker) = each.worker;
    out.clear();
  }

  RequestId pin(WorkerId worker, std::optional<Duration> deadline = std::nullopt) {
    Request request{.model = index};
    if (deadline) request.deadline = now + *deadline;
    return engine.submit(request, {now, out}, {.bound_to = worker});
  }
  Complete end() {
    auto ends = take<Complete>();
    REQUIRE(ends.size() == 1);
    return ends[0];
  }

  ModelIndex index;
  ConnectionId first, second;
  WorkerId first_worker, second_worker;
};

}  // namespace

TEST_CASE("a pinned request runs in its worker, and waits for that one where others are idle") {
  TwoTabs rig;
  for (int i = 0; i < 3; ++i) rig.pin(rig.second_worker);
  auto runs = rig.take<Run>();
  REQUIRE(runs.size() == 2);  // requests_in_flight
  for (const Run& run : runs) CHECK(run.worker == rig.second_worker);
  CHECK(rig.engine.metrics().queued == 1);
  rig.submit(rig.index);
  CHECK(rig.take<Run>().at(0).worker == rig.first_worker);
  rig.finish(runs[0]);
  CHECK(rig.take<Run>().at(0).worker == rig.second_worker);
  CHECK(rig.engine.metrics().queued == 0);
}

TEST_CASE("pinned requests go before others to their worker") {
  TwoTabs rig;
  for (int i = 0; i < 4; ++i) rig.submit(rig.index);
  const auto runs = rig.take<Run>();
  REQUIRE(runs.size() == 4);
  const RequestId other = rig.submit(rig.index), pinned = rig.pin(rig.first_worker);
  CHECK(rig.take<Run>().empty());
  for (const Run& run : runs)
    if (run.worker == rig.first_worker) rig.finish(run);
  const auto next = rig.take<Run>();
  REQUIRE(next.size() == 2);
  CHECK(next[0].request == pinned);
  CHECK(next[1].request == other);
}

TEST_CASE("a pinned request ends with its worker, whether it waits or runs, and is not tried elsewhere") {
  PoolOptions options = attached();
  options.retries.attempts = 3;
  options.connection.requests_in_flight = 1;
  TwoTabs rig(options);
  const RequestId runs = rig.pin(rig.second_worker), waits = rig.pin(rig.second_worker);
  REQUIRE(rig.take<Run>().size() == 1);
  rig.engine.left(rig.second, Error(errc::connection_lost, "it crashed"), {rig.now, rig.out});
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 2);
  CHECK(ends[0].request == runs);
  CHECK(code(ends[0].error) == errc::connection_lost);
  CHECK(ends[1].request == waits);
  CHECK(code(ends[1].error) == errc::tensor_lost);
  CHECK(says(ends[1].error, "it crashed"));
  rig.pin(rig.second_worker);
  CHECK(code(rig.end().error) == errc::tensor_lost);

  rig.pin(rig.first_worker);
  rig.fail(rig.take<Run>().at(0));
  CHECK(code(rig.end().error) == errc::run_failed);
  CHECK(rig.engine.metrics().retries == 0);
}

TEST_CASE("a pinned request keeps its deadline and can be cancelled while it waits") {
  PoolOptions options = attached();
  options.connection.requests_in_flight = 1;
  TwoTabs rig(options);
  rig.pin(rig.first_worker);
  rig.pin(rig.first_worker, 50ms);
  rig.tick(60ms);
  CHECK(code(rig.end().error) == errc::deadline_exceeded);
  rig.engine.cancel(rig.pin(rig.first_worker), {rig.now, rig.out});
  CHECK(code(rig.end().error) == errc::cancelled);
  CHECK(rig.engine.metrics().queued == 0);
}

TEST_CASE("another model's worker is no place for a pinned request") {
  TwoTabs rig;
  const ModelIndex other = rig.engine.add_model(model("other"), {rig.now, rig.out});
  const WorkerId worker = rig.load_all().at(0).worker;
  rig.out.clear();
  rig.pin(worker);
  CHECK(code(rig.end().error) == errc::tensor_lost);
  CHECK(other != rig.index);
}

TEST_CASE("tensors count as memory, and while there are some, their model is not put out") {
  PoolOptions options = launching();
  options.memory.models_per_connection = 1;
  options.max_connections = 1;
  Rig<> rig(options);
  rig.engine.add_model(model("first"), {rig.now, rig.out});
  rig.join(rig.take<Launch>().at(0).launch);
  const WorkerId worker = rig.load_all().at(0).worker;
  rig.engine.kept(worker, 32);
  rig.engine.kept(worker, 32);
  CHECK(rig.engine.metrics().memory_bytes == 164);
  CHECK(rig.engine.connections()[0].memory_bytes == 164);

  rig.submit(rig.engine.add_model(model("second"), {rig.now, rig.out}));
  rig.tick();
  CHECK(rig.take<CloseWorker>().empty());
  rig.engine.dropped(worker, 32, nullptr, {rig.now, rig.out});
  rig.engine.dropped(worker, 32, nullptr, {rig.now, rig.out});
  CHECK(rig.engine.metrics().memory_bytes == 100);
  rig.tick();
  CHECK(rig.take<CloseWorker>().size() == 1);
  rig.engine.dropped(worker, 32, nullptr, {rig.now, rig.out});  // a handle that outlived its worker
  CHECK(rig.engine.metrics().memory_bytes == 100);
}

TEST_CASE("a tab that holds tensors is not closed for being idle") {
  PoolOptions options = launching();
  options.connection.idle_timeout = 1s;
  Rig<> rig(options);
  rig.engine.add_model(model("m"), {rig.now, rig.out});
  rig.join(rig.take<Launch>().at(0).launch);
  const WorkerId worker = rig.load_all().at(0).worker;
  rig.engine.kept(worker, 64);
  rig.tick(2s);
  CHECK(rig.take<CloseConnection>().empty());
  rig.engine.dropped(worker, 64, nullptr, {rig.now, rig.out});
  rig.tick();
  CHECK(rig.take<CloseConnection>().size() == 1);
}

TEST_CASE("a tab that drains ends what waits for it alone") {
  PoolOptions options = launching();
  options.connection.maximum_requests = 1;
  options.connection.requests_in_flight = 1;
  options.max_connections = 1;
  Rig<> rig(options);
  const ModelIndex index = rig.engine.add_model(model("m"), {rig.now, rig.out});
  rig.join(rig.take<Launch>().at(0).launch);
  const WorkerId worker = rig.load_all().at(0).worker;
  const auto pin = [&] { rig.engine.submit({.model = index}, {rig.now, rig.out}, {.bound_to = worker}); };
  pin();
  const Run run = rig.take<Run>().at(0);
  rig.finish(run);
  rig.take<Complete>();
  pin();
  pin();
  rig.tick(1s);  // it has had as many requests as it may
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(code(ends[0].error) == errc::tensor_lost);
  CHECK(says(ends[0].error, "closed"));
}
