#include <webpool/engine/repair.hpp>
#include <webpool/run_sink.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("failures in a row restart the worker; bad input and cancellation don't count, a success starts anew") {
  OneTab rig;
  const auto failure = [&](errc why) {
    rig.submit(rig.digits);
    rig.fail(rig.take<Run>().at(0), why);
  };
  for (int i = 0; i < 4; ++i) failure(errc::run_failed);
  for (int i = 0; i < 9; ++i) failure(errc::wrong_shape);
  rig.submit(rig.digits);
  rig.finish(rig.take<Run>().at(0));
  for (int i = 0; i < 4; ++i) failure(errc::run_failed);
  CHECK(rig.take<CloseWorker>().empty());
  failure(errc::device_lost);
  const auto closed = rig.take<CloseWorker>();
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].worker == rig.worker);
  CHECK(rig.take<OpenWorker>().size() == 1);
  CHECK(rig.engine.metrics().connections == 1);
}

TEST_CASE("a tab is pinged each interval, and closed after three unanswered ones") {
  OneTab rig;
  rig.tick();
  CHECK(rig.take<Ping>().size() == 1);
  rig.tick(500ms);
  CHECK(rig.take<Ping>().empty());
  rig.tick(500ms);
  rig.tick(1s);
  CHECK(rig.take<Ping>().size() == 2);
  rig.engine.heard(rig.tab);
  for (int i = 0; i < 3; ++i) rig.tick(1s);
  CHECK(rig.take<CloseConnection>().empty());
  rig.tick(1s);
  CHECK(rig.take<CloseConnection>().size() == 1);
  CHECK(rig.engine.metrics().losses == 1);
}

TEST_CASE("a pool that slept doesn't take its tabs for dead") {
  OneTab rig;
  rig.tick();
  rig.tick(3600s);
  CHECK(rig.take<CloseConnection>().empty());
}

TEST_CASE("an unused launched tab is closed after idle_timeout, down to min_connections") {
  PoolOptions options = launching();
  options.connection.idle_timeout = 5s;
  options.min_connections = 1;
  Rig<> rig(options);
  rig.engine.add_model(model("digits", {}, 2), {rig.now, rig.out});
  for (const Launch& each : rig.take<Launch>()) rig.join(each.launch);
  rig.load_all();
  rig.tick(4s);
  CHECK(rig.take<CloseBrowser>().empty());
  rig.submit(ModelIndex{0});
  rig.finish(rig.take<Run>().at(0));
  rig.tick(1s);
  CHECK(rig.take<CloseBrowser>().size() == 1);
  rig.tick(5s);
  CHECK(rig.take<CloseBrowser>().empty());
  CHECK(rig.engine.metrics().connections == 1);
}

TEST_CASE("where no other tab fits in, a worn one answers what it has, goes, and is replaced") {
  PoolOptions options = launching();
  options.connection.maximum_age = 60s;
  options.connection.health_interval = 0ms;
  options.min_connections = 1;
  options.max_connections = 1;
  Rig<> rig(options);
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const ConnectionId old = rig.join(rig.take<Launch>().at(0).launch);
  rig.load_all();
  rig.now += 59s;
  rig.submit(digits);
  const Run last = rig.take<Run>().at(0);
  rig.tick(1s);
  CHECK(rig.take<CloseConnection>().empty());
  rig.submit(digits);
  CHECK(rig.take<Run>().empty());
  CHECK(rig.finish(last));
  CHECK(rig.take<CloseConnection>().at(0).connection == old);
  CHECK(rig.take<CloseBrowser>().size() == 1);
  rig.join(rig.take<Launch>().at(0).launch);
  rig.load_all();
  CHECK(rig.take<Run>().size() == 1);
  CHECK(rig.engine.metrics().losses == 0);
}

TEST_CASE("repair alone: a lost worker is restarted in its tab, a dead page's tab is replaced") {
  Rooms rooms(launching());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const ConnectionId tab = rooms.launched();
  const WorkerId worker = rooms.hold(digits, tab);
  const Error reason(errc::device_lost, "the GPU went away");
  rooms.repair.recover({.tab = tab, .kind = Trouble::device_lost, .reason = reason, .worker = worker}, rooms.turn());
  CHECK(rooms.said<CloseWorker>().size() == 1);
  CHECK(digits.placeable.contains(Tables::index_of(tab)));
  rooms.repair.recover({.tab = tab, .kind = Trouble::page_crashed, .reason = reason, .page = TabTrouble::Page::gone},
                       rooms.turn());
  CHECK(rooms.tables.connections.size() == 0);
  CHECK(rooms.said<CloseConnection>().empty());  // the driver has lost it already
}

TEST_CASE("only where there are sinks, a repair is told, also of a tab that is gone") {
  PoolOptions options = launching();
  const bool listens = GENERATE(false, true);
  if (listens) options.sinks = {std::make_shared<RunSink>()};
  Rooms rooms(options);
  const ConnectionId tab = rooms.launched();
  rooms.fleet.prove(tab);
  const Error reason(errc::connection_lost, "the page crashed");
  rooms.repair.recover({.tab = tab, .kind = Trouble::page_crashed, .reason = reason, .page = TabTrouble::Page::gone},
                       rooms.turn());
  const auto told = rooms.said<Repairs>();
  REQUIRE(told.size() == (listens ? 1 : 0));
  if (!listens) return;
  CHECK(told[0].connection == tab);
  CHECK(told[0].browser->browser == Browser::chromium);
  CHECK(told[0].trouble == Trouble::page_crashed);
  CHECK(told[0].message == "the page crashed");
}
