#include <webpool/engine/dispatch.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("a request runs in the tab that holds its model, and completes") {
  OneTab rig;
  const RequestId request = rig.submit(rig.digits);
  const auto runs = rig.take<Run>();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].worker == rig.worker);
  CHECK(runs[0].request == request);
  CHECK(rig.engine.metrics().in_flight == 1);
  rig.now += 5ms;
  CHECK(rig.finish(runs[0]));
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].request == request);
  CHECK_FALSE(ends[0].error);
  CHECK(rig.engine.metrics().completed == 1);
  const auto stats = rig.engine.execution_stats();
  REQUIRE(stats.size() == 1);
  CHECK(stats[0].model == "digits");
  CHECK(stats[0].backend == Backend::webgpu);
  CHECK(stats[0].p50_ms == Approx(5).epsilon(0.025));
}

TEST_CASE("a worker never has more requests than requests_in_flight; the others wait in order") {
  OneTab rig;
  std::vector<RequestId> requests;
  for (int i = 0; i < 4; ++i) requests.push_back(rig.submit(rig.digits));
  auto runs = rig.take<Run>();
  REQUIRE(runs.size() == 2);
  CHECK(rig.engine.metrics().queued == 2);
  rig.finish(runs[0]);
  runs = rig.take<Run>();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].request == requests[2]);
}

TEST_CASE("a tab whose requests have bytes_in_flight gets no more, of any model, until it answers") {
  PoolOptions options = attached();
  options.connection.bytes_in_flight = 100;
  OneTab rig(options);
  const ModelIndex second = rig.engine.add_model(model("second"), {rig.now, rig.out});
  rig.engine.loaded(rig.take<OpenWorker>().at(0).worker, Backend::webgpu, 0, {rig.now, rig.out});
  rig.submit(rig.digits, {}, 0, 99);
  rig.submit(rig.digits, {}, 0, 300);  // passes the limit, and goes all the same: else it never could
  const auto runs = rig.take<Run>();
  REQUIRE(runs.size() == 2);
  rig.submit(second, {}, 0, 0);
  rig.finish(runs[0]);
  CHECK(rig.take<Run>().empty());
  CHECK(rig.engine.metrics().queued == 1);
  CHECK(rig.take<OpenWorker>().empty());  // the model is there, and only has no room
  rig.finish(runs[1]);
  CHECK(rig.take<Run>().size() == 1);
}

TEST_CASE("low memory mode allows one request at a time, and one model per tab") {
  PoolOptions options = attached();
  options.memory.low_memory_mode = true;
  OneTab rig(options);
  rig.submit(rig.digits);
  rig.submit(rig.digits);
  CHECK(rig.take<Run>().size() == 1);
  rig.engine.add_model(model("second"), {rig.now, rig.out});
  CHECK(rig.take<OpenWorker>().empty());
}

TEST_CASE("a run without an answer ends as timed out, and its worker with it") {
  OneTab rig;
  rig.submit(rig.digits);
  rig.tick(59s);
  rig.take<Ping>();
  CHECK(rig.take<Complete>().empty());
  rig.engine.heard(rig.tab);
  rig.tick(1s);
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(code(ends[0].error) == errc::timed_out);
  CHECK(says(ends[0].error, "model 'digits' in chromium 1.0: no answer for 60 s"));
  CHECK(rig.take<CloseWorker>().at(0).worker == rig.worker);
}

TEST_CASE("news of a run move its time-out on, also when nobody waits for it any more") {
  OneTab rig;
  const RequestId request = rig.submit(rig.digits);
  const Run run = rig.take<Run>().at(0);
  CHECK_FALSE(rig.engine.progressed(run.worker, RequestId{request.value + 1}, rig.now));
  CHECK_FALSE(rig.engine.progressed(WorkerId{run.worker.value + 1}, request, rig.now));
  const auto wait = [&](Duration time) {
    rig.engine.heard(rig.tab);
    rig.tick(time);
  };
  for (int i = 0; i < 5; ++i) {
    wait(40s);
    CHECK(rig.take<Complete>().empty());
    CHECK(rig.engine.progressed(run.worker, request, rig.now));
  }
  rig.engine.cancel(request, {rig.now, rig.out});
  CHECK(rig.take<Complete>().size() == 1);
  wait(40s);
  CHECK_FALSE(rig.engine.progressed(run.worker, request, rig.now));
  wait(59s);
  CHECK(rig.take<CloseWorker>().empty());
  wait(1s);
  CHECK(rig.take<CloseWorker>().at(0).worker == rig.worker);
}

TEST_CASE("dispatch alone: as many requests go out as there is room for, and the overdue run is told") {
  Rooms rooms(attached());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const WorkerId worker = rooms.hold(digits, rooms.guest());
  for (unsigned i = 0; i <= rooms.tables.limit; ++i) rooms.submit(digits);
  rooms.dispatch.serve(digits, rooms.turn());
  CHECK(rooms.said<Run>().size() == rooms.tables.limit);
  CHECK(rooms.state.policies->waiting(digits.index) == 1);
  CHECK_FALSE(rooms.dispatch.pop_overdue(rooms.now));
  const auto overdue = rooms.dispatch.pop_overdue(rooms.now + rooms.state.options.connection.message_timeout);
  REQUIRE(overdue);
  CHECK(overdue->worker == worker);
  CHECK(says(overdue->reason, "no answer for"));
}
