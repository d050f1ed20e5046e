#include <webpool/engine/fleet.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("launches stop at max_connections; tabs that drain still take a place") {
  PoolOptions options = launching();
  options.max_connections = 2;
  Rooms rooms(options);
  Actions out;
  const ConnectionId tab = rooms.launched();
  rooms.fleet.launch_up_to(9, {rooms.now, out});
  CHECK(out.size() == 1);
  CHECK(rooms.fleet.occupied() == 2);
  rooms.tables.drain(tab);
  CHECK(rooms.fleet.staying() == 1);
  CHECK_FALSE(rooms.fleet.launch({}, {rooms.now, out}));
}

TEST_CASE("a browser that doesn't connect in time is ended, with the limit in its last words") {
  Rooms rooms(launching());
  Actions out;
  rooms.fleet.launch_up_to(3, {rooms.now, out});
  out.clear();
  rooms.fleet.tick({rooms.now + 30s, out});
  CHECK(out.size() == 3);
  CHECK(rooms.fleet.launches.last_words({}, rooms.now + 30s).at(0).message() ==
        "chromium: its page did not connect within 30 s");
  const ModelRow& digits = rooms.tables.add_model(model("digits"));
  CHECK(rooms.fleet.why_nowhere(digits, rooms.now + 30s).code() == errc::connect_timeout);
}

TEST_CASE("why a model is nowhere: its reasons, or what there is") {
  PoolOptions options = launching();
  options.browsers = {Browser::chromium, Browser::edge};
  Rooms rooms(options);
  ModelRow& digits = rooms.tables.add_model(model("digits", {Browser::safari}));
  rooms.launched();
  rooms.launched();
  CHECK(rooms.fleet.why_nowhere(digits, rooms.now).message() ==
        "model 'digits' wants safari; joined: chromium; can be launched: chromium, edge; at most 4 connections");
  digits.add_reason(Error(errc::model_invalid, "not ONNX"));
  CHECK(rooms.fleet.why_nowhere(digits, rooms.now).code() == errc::model_invalid);
}

TEST_CASE("the tab to part with is launched, idle, longest unused, and needed by no model") {
  Rooms rooms(launching());
  CHECK_FALSE(rooms.fleet.most_dispensable());
  rooms.guest();
  CHECK_FALSE(rooms.fleet.most_dispensable());
  const ConnectionId later = rooms.launched(rooms.now + 5s), earlier = rooms.launched(rooms.now + 1s);
  CHECK(rooms.fleet.most_dispensable() == earlier);
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  CHECK_FALSE(rooms.fleet.most_dispensable());  // it is not loaded yet, and may need any
  digits.announced = true;
  rooms.hold(digits, earlier, rooms.now + 1s);
  CHECK(rooms.fleet.most_dispensable() == later);
  rooms.hold(digits, later, rooms.now + 5s);
  CHECK(rooms.fleet.most_dispensable() == earlier);
}

TEST_CASE("the tab to wait for has the fewest requests in flight and loads nothing") {
  Rooms rooms(attached());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  ModelRow& other = rooms.tables.add_model(model("other"));
  const ConnectionId loading = rooms.launched(), busy = rooms.launched(), calm = rooms.launched();
  rooms.tables.open_worker(other, loading, rooms.now);
  rooms.tables.state(busy).in_flight = 2;
  rooms.tables.state(calm).in_flight = 1;
  CHECK(rooms.fleet.least_busy(digits) == calm);
  rooms.tables.yield(calm, digits.index);
  CHECK(rooms.fleet.least_busy(digits) == busy);
}

TEST_CASE("only a pool without browsers of its own waits for tabs, until one could not load the model") {
  Rooms rooms(attached());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  CHECK(rooms.fleet.awaits_tabs(digits));
  digits.failed_on.insert({0});
  CHECK_FALSE(rooms.fleet.awaits_tabs(digits));
  digits.failed_on.erase({0});
  CHECK_FALSE(Rooms(launching()).fleet.awaits_tabs(digits));
}

TEST_CASE("replicas are at least one and at most max_connections") {
  Rooms rooms(launching());
  CHECK(rooms.fleet.replicas(rooms.tables.add_model(model("none", {}, 0))) == 1);
  CHECK(rooms.fleet.replicas(rooms.tables.add_model(model("many", {}, 9))) == 4);
}
