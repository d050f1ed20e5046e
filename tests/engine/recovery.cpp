#include <webpool/engine/recovery.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

/// One launched tab that serves a model, and can be in trouble.
struct Patient : Rig<> {
  explicit Patient(std::vector<Browser> kinds = {Browser::chromium}, unsigned attempts = 1)
      : Rig(options(std::move(kinds), attempts)) {
    index = engine.add_model(model("m"), {now, out});
    join_and_load(take<Launch>().at(0));
  }
  static PoolOptions options(std::vector<Browser> kinds, unsigned attempts) {
    PoolOptions options = launching();
    options.retries.attempts = attempts;
    options.browsers = std::move(kinds);
    options.max_connections = 1;
    options.connection.error_threshold = 2;
    return options;
  }

  void join_and_load(const Launch& launched) {
    launch = launched;
    tab = join(launch.launch, launch.browser);
    worker = load_all().at(0).worker;
  }
  void work() {
    submit(index);
    finish(take<Run>().at(0));
  }
  void lose_worker(errc code = errc::connection_lost) { engine.worker_lost(worker, Error(code, "gone"), {now, out}); }
  std::vector<std::string> rungs() const {
    std::vector<std::string> all;
    for (const RecoveryStats& each : engine.recovery_stats())
      all.push_back(std::string(to_string(each.trouble)) + " " + std::string(to_string(each.rung)) + " " +
                    std::to_string(each.worked) + "/" + std::to_string(each.tried));
    return all;
  }

  ModelIndex index;
  Launch launch;
  ConnectionId tab;
  WorkerId worker;
};

}  // namespace

TEST_CASE("a worker that dies is restarted in its tab, and the next right answer says that it helped") {
  Patient pool;
  pool.lose_worker();
  const auto opened = pool.load_all();
  REQUIRE(opened.size() == 1);
  CHECK(opened[0].connection == pool.tab);
  pool.now += 2s;
  pool.work();
  CHECK(pool.rungs() == std::vector<std::string>{"worker_died restart_worker 1/1"});
  CHECK(pool.engine.recovery_stats()[0].mean_seconds == Approx(2));
}

TEST_CASE("trouble that comes back climbs: worker, page, tab, browser, another browser") {
  Patient pool({Browser::chromium, Browser::firefox});
  pool.lose_worker(errc::device_lost);
  pool.worker = pool.load_all().at(0).worker;

  pool.lose_worker(errc::device_lost);
  const auto reloads = pool.take<ReloadPage>();
  REQUIRE(reloads.size() == 1);
  CHECK(reloads[0].connection == pool.tab);
  CHECK(pool.take<CloseBrowser>().empty());
  CHECK(pool.take<Launch>().empty());
  CHECK(pool.engine.metrics().starting == 1);
  pool.join_and_load(pool.launch);

  pool.lose_worker(errc::device_lost);
  CHECK(pool.take<NewTab>().at(0).launch == pool.launch.launch);
  CHECK(pool.take<CloseBrowser>().empty());
  pool.join_and_load(pool.launch);

  pool.lose_worker(errc::device_lost);
  CHECK(pool.take<ReloadPage>().empty());
  CHECK(pool.take<CloseBrowser>().at(0).launch == pool.launch.launch);
  pool.submit(pool.index);
  auto launches = pool.take<Launch>();
  REQUIRE(launches.size() == 1);
  pool.join_and_load(launches[0]);
  pool.finish(pool.take<Run>().at(0));
  const Browser before = pool.launch.browser;

  pool.lose_worker(errc::device_lost);
  CHECK(pool.take<CloseBrowser>().size() == 1);
  pool.submit(pool.index);
  launches = pool.take<Launch>();
  REQUIRE(launches.size() == 1);
  CHECK(launches[0].browser != before);
  CHECK(pool.rungs() == std::vector<std::string>{"device_lost restart_worker 0/1", "device_lost reload_page 0/1",
                                                 "device_lost new_tab 0/1", "device_lost restart_browser 1/1"});
}

TEST_CASE("trouble after a long good time begins at the bottom again") {
  Patient pool;
  pool.lose_worker();
  pool.worker = pool.load_all().at(0).worker;
  pool.work();
  pool.now += 61s;
  pool.lose_worker();
  CHECK(pool.take<ReloadPage>().empty());
  CHECK(pool.load_all().size() == 1);
}

TEST_CASE("runs that fail again and again restart their worker") {
  Patient pool;
  for (int i = 0; i < 2; ++i) {
    pool.submit(pool.index);
    pool.fail(pool.take<Run>().at(0));
  }
  CHECK(pool.take<CloseWorker>().at(0).worker == pool.worker);
  CHECK(pool.load_all().size() == 1);
  CHECK(pool.take<CloseConnection>().empty());
}

TEST_CASE("a page that does not come back from a reload costs it its browser") {
  Patient pool;
  pool.lose_worker();
  pool.worker = pool.load_all().at(0).worker;
  pool.lose_worker();
  REQUIRE(pool.take<ReloadPage>().size() == 1);
  pool.tick(10s);
  CHECK(pool.take<CloseBrowser>().size() == 1);
  CHECK(pool.rungs() == std::vector<std::string>{"worker_died restart_worker 0/1", "worker_died reload_page 0/1"});
  pool.submit(pool.index);
  pool.tick(1s);
  CHECK(pool.take<Launch>().size() == 1);
}

TEST_CASE("a silent page is not asked to reload: its browser opens another tab") {
  Patient pool;
  for (int i = 0; i < 4; ++i) pool.tick(1s);
  CHECK(pool.take<ReloadPage>().empty());
  const auto renewed = pool.take<NewTab>();
  REQUIRE(renewed.size() == 1);
  CHECK(renewed[0].connection == pool.tab);
  CHECK(pool.take<CloseBrowser>().empty());
}

TEST_CASE("a page that crashes is replaced by another tab of its browser, and its requests run again") {
  Patient pool({Browser::chromium}, 2);
  const RequestId request = pool.submit(pool.index);
  pool.take<Run>();
  pool.engine.worker_lost(pool.worker, Error(errc::connection_lost, "its socket closed"), {pool.now, pool.out});
  pool.engine.left(pool.tab, Error(errc::connection_lost, "crashed"), {pool.now, pool.out});
  CHECK(pool.take<NewTab>().size() == 1);
  pool.now += 200ms;
  pool.join_and_load(pool.launch);
  const auto runs = pool.take<Run>();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].request == request);
  pool.finish(runs[0]);
  CHECK(pool.rungs() == std::vector<std::string>{"page_crashed new_tab 1/1"});
}

TEST_CASE("a page that crashes as soon as it is back costs it its browser, not tab after tab") {
  Patient pool;
  const auto crash = [&] { pool.engine.left(pool.tab, Error(errc::connection_lost, "crashed"), {pool.now, pool.out}); };
  crash();
  REQUIRE(pool.take<NewTab>().size() == 1);
  pool.now += 100ms;
  pool.join_and_load(pool.launch);
  crash();
  CHECK(pool.take<NewTab>().empty());
  CHECK(pool.take<CloseBrowser>().size() == 1);
}

TEST_CASE("a browser that ends while its new tab is awaited is launched again at once") {
  Patient pool({Browser::chromium}, 2);
  pool.submit(pool.index);
  pool.engine.left(pool.tab, Error(errc::connection_lost, "crashed"), {pool.now, pool.out});
  pool.engine.exited(pool.launch.launch, Error(errc::launch_failed, "killed by signal 9"), {pool.now, pool.out});
  CHECK(pool.take<Launch>().size() == 1);
  CHECK(pool.take<Complete>().empty());
}

TEST_CASE("an attached tab is reloaded, and let go when that does not help") {
  PoolOptions options = attached();
  options.connection.error_threshold = 2;
  Rig<> pool(options);
  const ConnectionId tab = pool.join();
  pool.engine.add_model(model("m"), {pool.now, pool.out});
  for (int i = 0; i < 2; ++i)
    pool.engine.worker_lost(pool.load_all().at(0).worker, Error(errc::connection_lost, "gone"), {pool.now, pool.out});
  const auto reloads = pool.take<ReloadPage>();
  REQUIRE(reloads.size() == 1);
  CHECK(reloads[0].connection == tab);
  CHECK(pool.engine.metrics().connections == 0);
  pool.join();
  CHECK(pool.load_all().size() == 1);
}
