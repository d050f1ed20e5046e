// How well tabs do, and what the engine makes of it.

#include <cmath>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

/// Shows the tests what a selector is shown.
struct Watching {
  std::optional<ConnectionIndex> select(PoolView pool, const Request&) noexcept {
    const ConnectionIndex first = pool.candidates().front();
    tab = pool[first].health;
    model = pool.health(first);
    return first;
  }
  static inline double tab = 0, model = 0;
};

}  // namespace

TEST_CASE("failures lower the health of the tab and of the model, and time heals") {
  PoolOptions options = attached();
  options.connection.error_threshold = 0;
  Rig<> pool(options);
  pool.join();
  const ModelIndex bad = pool.engine.add_model(model("bad"), {pool.now, pool.out});
  pool.load_all();
  for (int i = 0; i < 5; ++i) {
    pool.submit(bad);
    pool.fail(pool.take<Run>().at(0));
  }
  const auto sick = pool.engine.connections();
  REQUIRE(sick.size() == 1);
  CHECK(sick[0].health == Approx(100 * std::pow(0.8, 5)));
  for (int i = 0; i < 60; ++i) {
    pool.tick(1s);
    for (const Ping& ping : pool.take<Ping>()) pool.engine.heard(ping.connection);
  }
  CHECK(pool.engine.connections()[0].health > 80);
}

TEST_CASE("a page whose timers are late is less healthy") {
  Rig<> pool(attached());
  const ConnectionId tab = pool.join();
  pool.engine.heard(tab, 1000);
  pool.tick(1s);
  CHECK(pool.engine.connections()[0].health == Approx(50));
}

TEST_CASE("what a tab tells of its device is what policies and connections() show, as of its last heartbeat") {
  Rig<> pool(attached());
  BrowserInfo info = browser(Browser::firefox);
  info.visible = false;
  const ConnectionId tab = pool.engine.joined(info, {}, {pool.now, pool.out}).value();
  CHECK(pool.engine.connections()[0].hints == PageHints{.visible = false});
  const PageHints hints{.charging = false, .battery = 0.5, .pressure = Pressure::fair, .save_data = true};
  pool.engine.heard(tab, 0, hints);
  CHECK(pool.engine.connections()[0].hints == hints);
  pool.engine.heard(tab, 0, {.charging = true});
  CHECK(pool.engine.connections()[0].hints == PageHints{.charging = true});
}

TEST_CASE("a tab that is silent for two heartbeats gets no requests until it is heard again") {
  Rig<> pool(attached());
  const ConnectionId tab = pool.join();
  const ModelIndex index = pool.engine.add_model(model("m"), {pool.now, pool.out});
  pool.load_all();
  pool.tick();    // the first ping
  pool.tick(1s);  // unanswered, the second
  pool.submit(index);
  CHECK(pool.take<Run>().size() == 1);
  pool.tick(1s);
  pool.submit(index);
  CHECK(pool.take<Run>().empty());
  CHECK(pool.take<Complete>().empty());
  pool.engine.heard(tab);
  pool.tick();
  CHECK(pool.take<Run>().size() == 1);
}

TEST_CASE("requests go around a tab that is silent, and its own are run again when it is given up") {
  PoolOptions options = attached();
  options.retries.attempts = 2;
  Rig<> pool(options);
  const ConnectionId frozen = pool.join(), alive = pool.join();
  const ModelIndex index = pool.engine.add_model(model("m", {}, 2), {pool.now, pool.out});
  pool.load_all();
  const RequestId stuck = pool.submit(index);
  const Run first = pool.take<Run>().at(0);
  for (int i = 0; i < 4; ++i) {
    pool.tick(1s);
    pool.engine.heard(alive);
    for (int k = 0; k < 3 && i == 2; ++k) {
      pool.submit(index);
      const Run other = pool.take<Run>().at(0);
      CHECK(other.worker != first.worker);
      pool.finish(other);
    }
  }
  const auto closed = pool.take<CloseConnection>();
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].connection == frozen);
  const auto again = pool.take<Run>();
  REQUIRE(again.size() == 1);
  CHECK(again[0].request == stuck);
}

TEST_CASE("selectors see the health of the tab, and of their request's model in it") {
  Rig<Watching> pool(attached());
  pool.join();
  const ModelIndex good = pool.engine.add_model(model("good"), {pool.now, pool.out});
  const ModelIndex bad = pool.engine.add_model(model("bad"), {pool.now, pool.out});
  pool.load_all();
  for (int i = 0; i < 2; ++i) {
    pool.submit(bad);
    pool.fail(pool.take<Run>().at(0));
    pool.submit(good);
    pool.finish(pool.take<Run>().at(0));
  }
  pool.submit(bad);
  CHECK(Watching::tab == Approx(67.2));  // failed, fine, failed: brought up to date by the failure
  CHECK(Watching::model == Approx(64));
}
