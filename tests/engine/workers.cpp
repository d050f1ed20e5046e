#include <webpool/engine/workers.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("workers alone: news of workers that there are no more change nothing") {
  Rooms rooms(attached());
  const WorkerId gone{77};
  const Error error(errc::load_failed, "no");
  rooms.workers.load_progressed(gone, {LoadStage::fetch}, rooms.now);
  rooms.workers.loaded(gone, Backend::wasm, 0, rooms.turn());
  rooms.workers.load_failed(gone, error, rooms.turn());
  rooms.workers.in_doubt(gone);
  rooms.workers.lost(gone, error, rooms.turn());
  rooms.workers.kept(gone, 1, nullptr);
  rooms.workers.dropped(gone, 1, nullptr);
  CHECK_FALSE(rooms.workers.progressed(gone, {}, rooms.now));
  CHECK_FALSE(rooms.workers.finished({gone, {}}, rooms.turn()));
  CHECK(rooms.state.counters.late_replies == 1);
  CHECK(rooms.out.empty());
}

TEST_CASE("workers alone: an answer ends its request, and marks what it may concern") {
  Rooms rooms(attached());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const ConnectionId tab = rooms.guest();
  const WorkerId worker = rooms.hold(digits, tab);
  const RequestId request = rooms.submit(digits);
  rooms.dispatch.serve(digits, rooms.turn());
  rooms.state.marks.clear();
  digits.marked = false;
  CHECK(rooms.workers.finished({worker, request}, rooms.turn()));
  CHECK(rooms.said<Complete>().size() == 1);
  CHECK_FALSE(rooms.state.marks.take_tab());  // it neither drains nor yields
  CHECK(rooms.state.marks.take_model() == &digits);
  CHECK(rooms.state.marks.take_answered() == tab);
}

TEST_CASE("workers alone: a load that no backend can hold leaves its reason, and is not tried there again") {
  Rooms rooms(attached());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const ConnectionId tab = rooms.guest();
  const WorkerId worker = rooms.tables.open_worker(digits, tab, rooms.now);
  rooms.workers.load_failed(worker, Error(errc::no_backend, "no such operator"), rooms.turn());
  CHECK(digits.failed_on.contains(Tables::index_of(tab)));
  CHECK(digits.reasons.at(0).message() == "chromium 1.0: no such operator");
  CHECK(digits.loading == 0);
}

TEST_CASE("a tab with a worker in doubt gets no requests, and keeps its models") {
  PoolOptions options = launching();
  options.connection.health_interval = 0ms;
  options.max_connections = 2;
  options.retries.attempts = 2;
  Rig<> rig(options);
  const ModelIndex one = rig.engine.add_model(model("one"), {rig.now, rig.out});
  const ModelIndex two = rig.engine.add_model(model("two"), {rig.now, rig.out});
  const LaunchId launch = rig.take<Launch>().at(0).launch;
  const ConnectionId tab = rig.join(launch);
  rig.engine.heard(tab);
  const auto opened = rig.load_all();
  REQUIRE(opened.size() == 2);
  rig.submit(one);
  const Run run = rig.take<Run>().at(0);
  rig.engine.worker_in_doubt(opened[0].worker);
  rig.engine.worker_in_doubt(opened[0].worker);
  rig.engine.heard(tab);
  rig.submit(one);
  rig.submit(two);
  rig.tick(100ms);
  CHECK(rig.take<Run>().empty());
  CHECK(rig.take<Launch>().empty());
  CHECK(rig.take<Complete>().empty());
  SECTION("if that worker alone is lost, the others go on") {
    rig.engine.worker_lost(opened[0].worker, Error(errc::connection_lost, "gone"), {rig.now, rig.out});
    CHECK(rig.take<Run>().size() == 1);
    CHECK(rig.take<CloseWorker>().at(0).worker == run.worker);
    CHECK(rig.load_all().at(0).model == one);
    CHECK(rig.take<Run>().size() == 2);
  }
  SECTION("if the page has died, it gets another tab at once") {
    rig.engine.worker_in_doubt(opened[1].worker);
    rig.engine.left(tab, Error(errc::connection_lost, "its page's process ended"), {rig.now, rig.out});
    CHECK(rig.take<CloseWorker>().empty());
    CHECK(rig.take<ReloadPage>().empty());
    CHECK(rig.take<NewTab>().size() == 1);
    rig.engine.heard(rig.join(launch));
    CHECK(rig.load_all().size() == 2);
    CHECK(rig.take<Run>().size() == 3);
  }
  SECTION("a run that ends meanwhile opens no room") {
    rig.finish(run);
    CHECK(rig.take<Run>().empty());
  }
}
