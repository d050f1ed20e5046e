#include <webpool/engine/fleet.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {
constexpr TimePoint now{1000s};

/// Shows what the engine inherits.
struct Shown : Fleet {
  explicit Shown(PoolOptions options) : Fleet(std::move(options)) {}
  using Fleet::awaits_tabs, Fleet::expire_launches, Fleet::launch, Fleet::launch_up_to, Fleet::least_busy, Fleet::load,
      Fleet::most_dispensable, Fleet::note_lost_load, Fleet::occupied, Fleet::options_, Fleet::replicas, Fleet::staying,
      Fleet::sums, Fleet::tables_, Fleet::why_nowhere, Fleet::launches_;

  /// A tab of a browser that was launched at that time.
  ConnectionId join(TimePoint when = now) {
    const LaunchId launch = launches_.start(Browser::chromium, when + 30s);
    const ConnectionId id = tables_.add_connection(browser(Browser::chromium), launch, when);
    launches_.joined(launch, id);
    return id;
  }
  void hold(ModelRow& model, ConnectionId tab, TimePoint when = now) {
    tables_.worker_ready(tables_.open_worker(model, tab, when), Backend::wasm, 0, when);
  }
};
}  // namespace

TEST_CASE("launches stop at max_connections; tabs that drain still take a place") {
  PoolOptions options = launching();
  options.max_connections = 2;
  Shown fleet(options);
  Actions out;
  const ConnectionId tab = fleet.join();
  fleet.launch_up_to(9, {now, out});
  CHECK(out.size() == 1);
  CHECK(fleet.occupied() == 2);
  fleet.tables_.drain(tab);
  CHECK(fleet.staying() == 1);
  CHECK_FALSE(fleet.launch({}, {now, out}));
}

TEST_CASE("a browser that doesn't connect in time is ended, with the limit in its last words") {
  Shown fleet(launching());
  Actions out;
  fleet.launch_up_to(3, {now, out});
  out.clear();
  fleet.expire_launches(now + 30s, out);
  CHECK(out.size() == 3);
  CHECK(fleet.launches_.last_words({}, now + 30s).at(0).message() == "chromium: its page did not connect within 30 s");
  const ModelRow& digits = fleet.tables_.add_model(model("digits"));
  CHECK(fleet.why_nowhere(digits, now + 30s).code() == errc::connect_timeout);
}

TEST_CASE("why a model is nowhere: its reasons, or what there is") {
  PoolOptions options = launching();
  options.browsers = {Browser::chromium, Browser::edge};
  Shown fleet(options);
  ModelRow& digits = fleet.tables_.add_model(model("digits", {Browser::safari}));
  fleet.join();
  fleet.join();
  CHECK(fleet.why_nowhere(digits, now).message() ==
        "model 'digits' wants safari; joined: chromium; can be launched: chromium, edge; at most 4 connections");
  digits.add_reason(Error(errc::model_invalid, "not ONNX"));
  CHECK(fleet.why_nowhere(digits, now).code() == errc::model_invalid);
}

TEST_CASE("low memory mode means one model and one request per tab, and never less than one request") {
  PoolOptions options = attached();
  options.memory.low_memory_mode = true;
  CHECK(Shown(options).options_.memory.models_per_connection == 1);
  CHECK(Shown(options).tables_.limit == 1);
  options = attached();
  options.connection.requests_in_flight = 0;
  CHECK(Shown(options).tables_.limit == 1);
}

TEST_CASE("the tab to part with is launched, idle, longest unused, and needed by no model") {
  Shown fleet(launching());
  CHECK_FALSE(fleet.most_dispensable());
  fleet.tables_.add_connection(browser(Browser::chromium), std::nullopt, now);
  CHECK_FALSE(fleet.most_dispensable());
  const ConnectionId later = fleet.join(now + 5s), earlier = fleet.join(now + 1s);
  CHECK(fleet.most_dispensable() == earlier);
  ModelRow& digits = fleet.tables_.add_model(model("digits"));
  CHECK_FALSE(fleet.most_dispensable());  // it is not loaded yet, and may need any
  digits.announced = true;
  fleet.hold(digits, earlier, now + 1s);
  CHECK(fleet.most_dispensable() == later);
  fleet.hold(digits, later, now + 5s);
  CHECK(fleet.most_dispensable() == earlier);
}

TEST_CASE("the tab to wait for has the fewest requests in flight and loads nothing") {
  Shown fleet(attached());
  ModelRow& digits = fleet.tables_.add_model(model("digits"));
  ModelRow& other = fleet.tables_.add_model(model("other"));
  const ConnectionId loading = fleet.join(), busy = fleet.join(), calm = fleet.join();
  fleet.tables_.open_worker(other, loading, now);
  fleet.tables_.state(busy).in_flight = 2;
  fleet.tables_.state(calm).in_flight = 1;
  CHECK(fleet.least_busy(digits) == calm);
  fleet.tables_.yield(calm, digits.index);
  CHECK(fleet.least_busy(digits) == busy);
}

TEST_CASE("the load that scaling sees counts no tab that drains") {
  Shown fleet(launching());
  ModelRow& digits = fleet.tables_.add_model(model("digits"));
  const ConnectionId first = fleet.join(), second = fleet.join();
  fleet.hold(digits, first);
  fleet.hold(digits, second);
  Actions out;
  fleet.launch({}, {now, out});
  fleet.tables_.drain(second);
  const PoolLoad load = fleet.load(now);
  CHECK(load.connections == 1);
  CHECK(load.starting == 1);
  CHECK(load.capacity == 2);
  CHECK(fleet.sums(7).evictions == 7);
}

TEST_CASE("only a pool without browsers of its own waits for tabs, until one could not load the model") {
  Shown fleet(attached());
  ModelRow& digits = fleet.tables_.add_model(model("digits"));
  CHECK(fleet.awaits_tabs(digits));
  digits.failed_on.insert({0});
  CHECK_FALSE(fleet.awaits_tabs(digits));
  digits.failed_on.erase({0});
  CHECK_FALSE(Shown(launching()).awaits_tabs(digits));
}

TEST_CASE("three lost loads in a row make a model rest") {
  Shown fleet(launching());
  ModelRow& digits = fleet.tables_.add_model(model("digits"));
  const ConnectionId tab = fleet.join();
  for (int i = 0; i < 2; ++i) fleet.note_lost_load(digits, tab, Error(errc::connection_lost, "crash"), now);
  CHECK(digits.resting_until <= now);
  fleet.note_lost_load(digits, tab, Error(errc::connection_lost, "crash"), now);
  CHECK(digits.resting_until == now + 30s);
  CHECK(digits.reasons.at(0).message() == "chromium 1.0: crash");
}

TEST_CASE("replicas are at least one and at most max_connections") {
  Shown fleet(launching());
  CHECK(fleet.replicas(fleet.tables_.add_model(model("none", {}, 0))) == 1);
  CHECK(fleet.replicas(fleet.tables_.add_model(model("many", {}, 9))) == 4);
}
