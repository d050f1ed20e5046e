#include <webpool/engine/engine.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("kinds of browsers take turns, the first listed first") {
  PoolOptions options = launching();
  options.browsers = {Browser::firefox, Browser::chromium};
  options.min_connections = 3;
  Rig<> rig(options);
  rig.engine.start({rig.now, rig.out});
  const auto launches = rig.take<Launch>();
  REQUIRE(launches.size() == 3);
  CHECK(launches[0].browser == Browser::firefox);
  CHECK(launches[1].browser == Browser::chromium);
  CHECK(launches[2].browser == Browser::firefox);
}

TEST_CASE("a failed launch is repeated after 0.5 s and 1 s, then the kind rests for 30 s and the waiting hear why") {
  Rig<> rig(launching());
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const RequestId request = rig.submit(digits);
  const Error words(errc::launch_failed, "cannot open display");
  rig.engine.exited(rig.take<Launch>().at(0).launch, words, {rig.now, rig.out});
  rig.tick(400ms);
  CHECK(rig.take<Launch>().empty());
  rig.tick(100ms);
  rig.engine.exited(rig.take<Launch>().at(0).launch, words, {rig.now, rig.out});
  rig.tick(900ms);
  CHECK(rig.take<Launch>().empty());
  CHECK(rig.take<Complete>().empty());
  rig.tick(100ms);
  rig.engine.exited(rig.take<Launch>().at(0).launch, words, {rig.now, rig.out});
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(code(ready[0].error) == errc::launch_failed);
  CHECK(says(ready[0].error, "chromium: cannot open display"));
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].request == request);
  rig.tick(20s);
  rig.submit(digits);
  CHECK(rig.take<Complete>().size() == 1);
  CHECK(rig.take<Launch>().empty());
  rig.tick(10s);
  rig.submit(digits);
  CHECK(rig.take<Launch>().size() == 1);
}

TEST_CASE("a browser that doesn't connect in time is closed, and its late hello refused") {
  Rig<> rig(launching());
  rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const LaunchId launch = rig.take<Launch>().at(0).launch;
  rig.tick(30s);
  CHECK(rig.take<CloseBrowser>().at(0).launch == launch);
  CHECK_FALSE(rig.engine.joined(browser(Browser::chromium), launch, {rig.now, rig.out}));
  CHECK(rig.take<Launch>().empty());
  rig.tick(500ms);
  CHECK(rig.take<Launch>().size() == 1);
}

TEST_CASE("a full pool refuses attached tabs but not those it launched, and those only once") {
  PoolOptions options = launching();
  options.max_connections = 1;
  Rig<> rig(options);
  rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const LaunchId launch = rig.take<Launch>().at(0).launch;
  rig.join();
  CHECK_FALSE(rig.engine.joined(browser(Browser::firefox), std::nullopt, {rig.now, rig.out}));
  CHECK(rig.engine.joined(browser(Browser::chromium), launch, {rig.now, rig.out}));
  CHECK_FALSE(rig.engine.joined(browser(Browser::chromium), launch, {rig.now, rig.out}));
}

TEST_CASE("a launched tab that leaves has its browser open another; one whose browser ended has not") {
  Rig<> rig(launching());
  rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const LaunchId launch = rig.take<Launch>().at(0).launch;
  ConnectionId tab = rig.join(launch);
  rig.load_all();
  rig.engine.left(tab, Error(errc::connection_lost, "socket closed"), {rig.now, rig.out});
  CHECK(rig.take<NewTab>().at(0).launch == launch);
  CHECK(rig.take<CloseBrowser>().empty());

  rig.submit(ModelIndex{0});
  CHECK(rig.take<Launch>().empty());
  tab = rig.join(launch);
  rig.load_all();
  rig.engine.exited(launch, Error(errc::launch_failed, "signal 11"), {rig.now, rig.out});
  CHECK(rig.take<CloseBrowser>().empty());
  CHECK(rig.take<CloseConnection>().at(0).connection == tab);
  CHECK(says(rig.take<Complete>().at(0).error, "signal 11"));
}

TEST_CASE("min_connections is restored") {
  PoolOptions options = launching();
  options.min_connections = 1;
  Rig<> rig(options);
  rig.engine.start({rig.now, rig.out});
  const ConnectionId tab = rig.join(rig.take<Launch>().at(0).launch);
  rig.engine.heard(tab);
  rig.engine.left(tab, Error(errc::connection_lost, "gone"), {rig.now, rig.out});
  const auto renewed = rig.take<NewTab>();
  REQUIRE(renewed.size() == 1);
  rig.engine.exited(renewed[0].launch, Error(errc::launch_failed, "gone too"), {rig.now, rig.out});
  rig.tick(100ms);
  CHECK(rig.take<Launch>().size() == 1);
}

TEST_CASE("a tab that leaves before it proved useful counts as a failed launch") {
  PoolOptions options = launching();
  options.min_connections = 1;
  Rig<> rig(options);
  rig.engine.start({rig.now, rig.out});
  for (int i = 0; i < 3; ++i) {
    const ConnectionId tab = rig.join(rig.take<Launch>().at(0).launch);
    rig.engine.left(tab, Error(errc::connection_lost, "gone"), {rig.now, rig.out});
    rig.tick(i < 2 ? 1s : 10s);
  }
  CHECK(rig.take<Launch>().empty());
}

TEST_CASE("memory is what the pages report, or the file's size") {
  Rig<> rig(attached());
  rig.engine.add_model(model("digits", {}, 1, 100), {rig.now, rig.out});
  rig.join();
  CHECK(rig.engine.metrics().memory_bytes == 100);
  rig.load_all(150);
  CHECK(rig.engine.metrics().memory_bytes == 150);
  rig.engine.remove_model(ModelIndex{0}, {rig.now, rig.out});
  CHECK(rig.engine.metrics().memory_bytes == 0);
  CHECK(rig.engine.metrics().workers == 0);
}

TEST_CASE("removing a model ends its requests and closes its workers") {
  OneTab rig;
  for (int i = 0; i < 3; ++i) rig.submit(rig.digits);
  const auto runs = rig.take<Run>();
  rig.engine.remove_model(rig.digits, {rig.now, rig.out});
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 3);
  for (const Complete& end : ends) CHECK(code(end.error) == errc::model_released);
  CHECK(rig.take<CloseWorker>().size() == 1);
  CHECK_FALSE(rig.finish(runs[0]));
  rig.submit(rig.digits);
  CHECK(code(rig.take<Complete>().at(0).error) == errc::model_released);
}

TEST_CASE("closing ends everything; later events change nothing") {
  Rig<> rig(launching());
  const ModelIndex digits = rig.engine.add_model(model("digits", {}, 2), {rig.now, rig.out});
  const auto launches = rig.take<Launch>();
  const ConnectionId tab = rig.join(launches[0].launch);
  const WorkerId worker = rig.load_all().at(0).worker;
  for (int i = 0; i < 3; ++i) rig.submit(digits);
  rig.engine.close({rig.now, rig.out});
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 3);
  for (const Complete& end : ends) CHECK(code(end.error) == errc::pool_closed);
  CHECK(rig.take<CloseConnection>().size() == 1);
  CHECK(rig.take<CloseBrowser>().size() == 2);
  CHECK(code(rig.take<ModelReady>().at(0).error) == errc::pool_closed);
  rig.out.clear();

  rig.tick(60s);
  rig.engine.close({rig.now, rig.out});
  rig.engine.start({rig.now, rig.out});
  rig.engine.left(tab, Error(errc::connection_lost, "gone"), {rig.now, rig.out});
  rig.engine.worker_lost(worker, Error(errc::connection_lost, "gone"), {rig.now, rig.out});
  rig.engine.exited(launches[1].launch, Error(errc::launch_failed, "exit 0"), {rig.now, rig.out});
  CHECK_FALSE(rig.engine.joined(browser(Browser::chromium), std::nullopt, {rig.now, rig.out}));
  CHECK(rig.out.empty());
  rig.submit(digits);
  CHECK(code(rig.take<Complete>().at(0).error) == errc::pool_closed);
  rig.engine.add_model(model("late"), {rig.now, rig.out});
  CHECK(code(rig.take<ModelReady>().at(0).error) == errc::pool_closed);
  const Metrics sums = rig.engine.metrics();
  CHECK(sums.connections + sums.workers + sums.models + sums.queued + sums.in_flight + sums.memory_bytes +
            sums.starting ==
        0);
}
