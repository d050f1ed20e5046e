#include <webpool/engine/supply.hpp>
#include <webpool/run_sink.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("a model is loaded where a tab joins, and is ready when it is loaded") {
  Rig<> rig(attached());
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  CHECK(rig.out.empty());
  const RequestId early = rig.submit(digits);
  const ConnectionId tab = rig.join();
  const auto opened = rig.load_all();
  REQUIRE(opened.size() == 1);
  CHECK(opened[0].connection == tab);
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK_FALSE(ready[0].error);
  CHECK(rig.take<Run>().at(0).request == early);
}

TEST_CASE("a model is ready when as many tabs hold it as it asked for") {
  Rig<> rig(launching());
  rig.engine.add_model(model("digits", {}, 3), {rig.now, rig.out});
  const auto launches = rig.take<Launch>();
  REQUIRE(launches.size() == 3);
  rig.join(launches[0].launch);
  rig.join(launches[1].launch);
  rig.load_all();
  CHECK(rig.take<ModelReady>().empty());
  rig.join(launches[2].launch);
  rig.load_all();
  CHECK(rig.take<ModelReady>().size() == 1);
  rig.tick(1s);
  CHECK(rig.take<CloseBrowser>().empty());  // Fixed wants none, but the replicas stay
}

TEST_CASE("replicas are clamped to max_connections, and to what can be had") {
  PoolOptions options = attached();
  options.max_connections = 2;
  Rig<> rig(options);
  rig.engine.add_model(model("digits", {}, 5), {rig.now, rig.out});
  rig.join();
  rig.load_all();
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK_FALSE(ready[0].error);
}

TEST_CASE("a lane that waits is served by a further tab") {
  OneTab rig;
  const ConnectionId second = rig.join(Browser::firefox);
  CHECK(rig.take<OpenWorker>().empty());
  for (int i = 0; i < 3; ++i) rig.submit(rig.digits);
  CHECK(rig.take<Run>().size() == 2);
  const auto opened = rig.load_all();
  REQUIRE(opened.size() == 1);
  CHECK(opened[0].connection == second);
  CHECK(rig.take<Run>().at(0).worker == opened[0].worker);
}

TEST_CASE("a model goes to the browser that its task prefers") {
  PoolOptions options = attached();
  options.browser_preferences = {{Task::audio, {Browser::safari, Browser::firefox}}};
  Rig<> rig(options);
  rig.join(Browser::chromium);
  const ConnectionId firefox = rig.join(Browser::firefox);
  ModelSpec whisper = model("whisper");
  whisper.task = Task::audio;
  rig.engine.add_model(whisper, {rig.now, rig.out});
  CHECK(rig.take<OpenWorker>().at(0).connection == firefox);
}

TEST_CASE("a model that is restricted to a browser has that one launched") {
  PoolOptions options = launching();
  options.browsers = {Browser::chromium, Browser::firefox};
  Rig<> rig(options);
  rig.join(Browser::chromium);
  rig.engine.add_model(model("digits", {Browser::firefox}), {rig.now, rig.out});
  CHECK(rig.take<OpenWorker>().empty());
  const auto launches = rig.take<Launch>();
  REQUIRE(launches.size() == 1);
  CHECK(launches[0].browser == Browser::firefox);
  rig.tick(1s);
  CHECK(rig.take<Launch>().empty());
}

TEST_CASE("without a browser to be had, the model and its requests end with what there is") {
  PoolOptions options = launching();
  options.browsers.clear();
  Rig<> rig(options);
  const ModelIndex digits = rig.engine.add_model(model("digits", {Browser::safari}), {rig.now, rig.out});
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(code(ready[0].error) == errc::no_browser_found);
  CHECK(says(ready[0].error, "model 'digits' wants safari"));
  const RequestId request = rig.submit(digits);
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].request == request);
  CHECK(code(ends[0].error) == errc::no_browser_found);
}

TEST_CASE("a load that no backend can hold is tried in another tab, never twice in one; then the reasons are told") {
  Rig<> rig(attached());
  const ConnectionId first = rig.join(Browser::chromium), second = rig.join(Browser::firefox);
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  auto opened = rig.take<OpenWorker>();
  REQUIRE(opened.size() == 1);
  CHECK(opened[0].connection == first);
  rig.engine.load_failed(opened[0].worker, Error(errc::no_backend, "webgpu: no adapter"), {rig.now, rig.out});
  CHECK(rig.take<CloseWorker>().at(0).worker == opened[0].worker);
  opened = rig.take<OpenWorker>();
  REQUIRE(opened.size() == 1);
  CHECK(opened[0].connection == second);
  rig.engine.load_failed(opened[0].worker, Error(errc::model_invalid, "not ONNX"), {rig.now, rig.out});
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(code(ready[0].error) == errc::no_backend);
  CHECK(says(ready[0].error, "chromium 1.0: webgpu: no adapter; firefox 1.0: not ONNX"));
  rig.submit(digits);
  CHECK(code(rig.take<Complete>().at(0).error) == errc::no_backend);
  rig.tick(10s);
  CHECK(rig.take<OpenWorker>().empty());
}

TEST_CASE("one failed load keeps its own code") {
  Rig<> rig(attached());
  rig.join();
  rig.engine.add_model(model("digits"), {rig.now, rig.out});
  rig.engine.load_failed(rig.take<OpenWorker>().at(0).worker, Error(errc::model_invalid, "not ONNX"),
                         {rig.now, rig.out});
  CHECK(code(rig.take<ModelReady>().at(0).error) == errc::model_invalid);
}

TEST_CASE("a load without progress is begun again in a new worker, once; then it fails") {
  PoolOptions options = attached();
  options.connection.health_interval = 0ms;
  Rig<> rig(options);
  rig.join();
  rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const WorkerId stuck = rig.take<OpenWorker>().at(0).worker;
  rig.tick(119s);
  CHECK(rig.take<CloseWorker>().empty());
  rig.tick(1s);
  const auto closed = rig.take<CloseWorker>();
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].worker == stuck);
  CHECK(rig.take<ModelReady>().empty());
  rig.tick(1s);
  const auto again = rig.take<OpenWorker>();
  REQUIRE(again.size() == 1);
  CHECK(again[0].worker != stuck);
  rig.tick(120s);
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(code(ready[0].error) == errc::load_failed);
  CHECK(says(ready[0].error, "model 'digits': its worker did not start in 120 s"));
}

TEST_CASE("a load's time counts from its last progress, and repeated news are none") {
  PoolOptions options = attached();
  options.connection.health_interval = 0ms;
  options.connection.load_timeout = 10s;
  Rig<> rig(options);
  rig.join();
  rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const WorkerId worker = rig.take<OpenWorker>().at(0).worker;
  LoadNews news{LoadStage::fetch, 0, 90'000'000};
  const auto pass = [&](Duration later) {
    rig.tick(later);
    rig.engine.load_progressed(worker, news, rig.now);
    return rig.take<CloseWorker>();
  };
  SECTION("bytes that come keep it alive") {
    for (int i = 0; i < 12; ++i) {
      news.done += 1'000'000;
      CHECK(pass(9s).empty());
    }
    CHECK(pass(9s).empty());
    const auto late = pass(1s);
    REQUIRE(late.size() == 1);
    CHECK(says(late[0].trouble, "model 'digits': fetch stopped at 12 of 90 MB for 10 s"));
  }
  SECTION("so does a later stage") {
    CHECK(pass(9s).empty());
    news = {LoadStage::create, 0, 1};
    CHECK(pass(9s).empty());
    CHECK(pass(9s).empty());
    const auto late = pass(1s);
    REQUIRE(late.size() == 1);
    CHECK(says(late[0].trouble, "model 'digits': create did not end in 10 s"));
  }
  SECTION("an earlier one does not") {
    news = {LoadStage::warmup, 0, 1};
    CHECK(pass(9s).empty());
    news = {LoadStage::fetch, 1, 90'000'000};
    CHECK(pass(9s).empty());
    const auto late = pass(1s);
    REQUIRE(late.size() == 1);
    CHECK(says(late[0].trouble, "model 'digits': warmup did not end in 10 s"));
  }
}

TEST_CASE("what may pass is tried again in the same tab after growing pauses; then its reasons are told for a while") {
  PoolOptions options = attached();
  options.connection.health_interval = 0ms;
  Rig<> rig(options);
  rig.join();
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const auto fail = [&](WorkerId worker) {
    rig.engine.load_failed(worker, Error(errc::load_failed, "hash mismatch"), {rig.now, rig.out});
  };
  fail(rig.take<OpenWorker>().at(0).worker);
  rig.tick(400ms);
  CHECK(rig.take<OpenWorker>().empty());
  rig.tick(100ms);
  fail(rig.take<OpenWorker>().at(0).worker);
  rig.tick(900ms);
  CHECK(rig.take<OpenWorker>().empty());
  rig.tick(100ms);
  CHECK(rig.take<ModelReady>().empty());
  fail(rig.take<OpenWorker>().at(0).worker);
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(says(ready[0].error, "hash mismatch"));
  rig.tick(29s);
  rig.submit(digits);
  CHECK(code(rig.take<Complete>().at(0).error) == errc::load_failed);
  rig.tick(1s);
  rig.submit(digits);
  CHECK(rig.take<Complete>().empty());
  CHECK(rig.load_all().size() == 1);
  CHECK(rig.take<Run>().size() == 1);
}

TEST_CASE("a tab that has held a model is asked for it again, whatever went wrong since") {
  PoolOptions options = attached();
  options.memory.models_per_connection = 1;
  options.connection.health_interval = 0ms;
  Rig<> rig(options);
  rig.join();
  const ModelIndex first = rig.engine.add_model(model("first"), {rig.now, rig.out});
  rig.load_all();
  const ModelIndex second = rig.engine.add_model(model("second"), {rig.now, rig.out});
  rig.load_all();
  const RequestId request = rig.submit(first);
  const errc why = GENERATE(errc::no_backend, errc::load_failed, errc::runtime_missing);
  rig.engine.load_failed(rig.take<OpenWorker>().at(0).worker, Error(why, "out of memory"), {rig.now, rig.out});
  CHECK(rig.take<Complete>().empty());
  rig.tick(500ms);
  CHECK(rig.load_all().at(0).model == first);
  CHECK(rig.take<Run>().at(0).request == request);
  CHECK(rig.engine.metrics().evictions == 2);
  static_cast<void>(second);
}

TEST_CASE("requests that wait for a reload which keeps failing end with the reasons") {
  PoolOptions options = attached();
  options.memory.models_per_connection = 1;
  options.connection.health_interval = 0ms;
  Rig<> rig(options);
  rig.join();
  const ModelIndex first = rig.engine.add_model(model("first"), {rig.now, rig.out});
  rig.load_all();
  rig.engine.add_model(model("second"), {rig.now, rig.out});
  rig.load_all();
  rig.submit(first);
  std::vector<Complete> ends;
  int loads = 0;
  for (int i = 0; i < 100 && ends.empty(); ++i) {
    for (const OpenWorker& each : rig.take<OpenWorker>()) {
      ++loads;
      rig.engine.load_failed(each.worker, Error(errc::load_failed, "hash mismatch"), {rig.now, rig.out});
    }
    rig.tick(100ms);
    ends = rig.take<Complete>();
  }
  REQUIRE(ends.size() == 1);
  CHECK(loads == 3);
  CHECK(says(ends[0].error, "hash mismatch"));
}

TEST_CASE("a model whose load takes the tab along every time rests") {
  Rig<> rig(launching());
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const LaunchId launch = rig.take<Launch>().at(0).launch;
  for (int i = 0; i < 3; ++i) {
    const ConnectionId tab = rig.join(launch);
    rig.engine.heard(tab);
    const auto opened = rig.take<OpenWorker>();
    REQUIRE(opened.size() == 1);
    rig.engine.load_progressed(opened[0].worker, {LoadStage::fetch, 0, 1}, rig.now);
    if (i < 2) {
      rig.engine.left(tab, Error(errc::connection_lost, "GPU process died"), {rig.now, rig.out});
      CHECK(rig.take<NewTab>().size() == 1);
    } else {
      rig.engine.exited(launch, Error(errc::connection_lost, "GPU process died"), {rig.now, rig.out});
    }
    rig.now += 61s;
  }
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(says(ready[0].error, "GPU process died"));
  CHECK(code(ready[0].error) == errc::connection_lost);
  rig.submit(digits);
  CHECK(rig.take<Complete>().size() == 1);
  rig.tick(30s);
  rig.submit(digits);
  CHECK(rig.take<Complete>().empty());
  CHECK(rig.take<Launch>().size() == 1);
}

TEST_CASE("a load that succeeds ends the rest of its model") {
  Rig<> rig(attached());
  std::vector<ConnectionId> tabs;
  for (int i = 0; i < 4; ++i) tabs.push_back(rig.join());
  const ModelIndex digits = rig.engine.add_model(model("digits", {}, 4), {rig.now, rig.out});
  const auto opened = rig.take<OpenWorker>();
  REQUIRE(opened.size() == 4);
  for (const OpenWorker& each : opened) rig.engine.load_progressed(each.worker, {LoadStage::fetch, 0, 1}, rig.now);
  for (const OpenWorker& each : opened)
    if (each.connection != tabs[3])
      rig.engine.left(each.connection, Error(errc::connection_lost, "killed"), {rig.now, rig.out});
  for (const OpenWorker& each : opened)
    if (each.connection == tabs[3]) rig.engine.loaded(each.worker, Backend::wasm, 0, {rig.now, rig.out});
  rig.engine.left(tabs[3], Error(errc::connection_lost, "killed"), {rig.now, rig.out});
  rig.out.clear();
  rig.submit(digits);
  rig.join();
  CHECK(rig.take<Complete>().empty());
  CHECK(rig.take<OpenWorker>().size() == 1);
}

TEST_CASE("requests of a model that has run wait while its loads are lost, for it is not the model's fault") {
  Rig<> rig(attached());
  ConnectionId tab = rig.join();
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  rig.load_all();
  for (int i = 0; i < 4; ++i) {
    rig.engine.left(tab, Error(errc::connection_lost, "killed"), {rig.now, rig.out});
    rig.submit(digits);
    tab = rig.join();
    for (const OpenWorker& each : rig.take<OpenWorker>())
      rig.engine.load_progressed(each.worker, {LoadStage::fetch, 0, 1}, rig.now);
  }
  CHECK(rig.take<Complete>().empty());
  rig.tick(1s);
  rig.load_all();
  CHECK(rig.take<Run>().size() == 2);
}

TEST_CASE("the memory policy's victim leaves, is brought back on demand, and busy models stay") {
  PoolOptions options = attached();
  options.memory.models_per_connection = 1;
  Rig<> rig(options);
  rig.join();
  const ModelIndex first = rig.engine.add_model(model("first"), {rig.now, rig.out});
  rig.load_all();
  rig.submit(first);
  const Run run = rig.take<Run>().at(0);
  const ModelIndex second = rig.engine.add_model(model("second"), {rig.now, rig.out});
  CHECK(rig.take<OpenWorker>().empty());
  rig.finish(run);
  rig.tick(100ms);
  CHECK(rig.take<CloseWorker>().at(0).worker == run.worker);
  CHECK(rig.load_all().at(0).model == second);
  CHECK(rig.engine.metrics().evictions == 1);
  rig.tick(100ms);
  CHECK(rig.take<OpenWorker>().empty());
  rig.submit(first);
  CHECK(rig.load_all().at(0).model == first);
  CHECK(rig.take<Run>().size() == 1);
}

TEST_CASE("a model that is nowhere gets its turn although the others are always busy") {
  PoolOptions options = attached();
  options.memory.models_per_connection = 1;
  options.connection.health_interval = 0ms;
  options.max_connections = 20;
  Rig<> rig(options);
  std::vector<ModelIndex> models;
  for (int i = 0; i < 20; ++i) rig.join();
  models.push_back(rig.engine.add_model(model("first", {}, 20), {rig.now, rig.out}));
  rig.load_all();
  std::vector<Run> running;
  const auto keep_busy = [&] {
    for (const Run& each : rig.take<Run>()) running.push_back(each);
    while (running.size() < 60) {
      rig.submit(models[0]);
      const auto more = rig.take<Run>();
      running.insert(running.end(), more.begin(), more.end());
      if (more.empty()) break;
    }
  };
  keep_busy();
  models.push_back(rig.engine.add_model(model("second"), {rig.now, rig.out}));
  rig.submit(models[1]);
  rig.take<ModelReady>();
  bool served = false;
  for (int i = 0; i < 50 && !served; ++i) {
    rig.tick(100ms);
    const std::vector<Run> now_running = std::move(running);
    running.clear();
    for (const Run& each : now_running) rig.finish(each);
    rig.take<Complete>();
    keep_busy();
    for (const OpenWorker& each : rig.load_all()) served |= each.model == models[1];
  }
  CHECK(served);
  CHECK(rig.take<ModelReady>().size() == 1);
}

TEST_CASE("a further replica does not push out another model's last copy") {
  PoolOptions options = attached();
  options.memory.models_per_connection = 1;
  Rig<> rig(options);
  rig.join();
  rig.join();
  const ModelIndex first = rig.engine.add_model(model("first"), {rig.now, rig.out});
  rig.load_all();
  rig.engine.add_model(model("second"), {rig.now, rig.out});
  CHECK(rig.take<CloseWorker>().empty());  // the empty tab is taken before anything is evicted
  rig.load_all();
  for (int i = 0; i < 5; ++i) rig.submit(first);
  CHECK(rig.take<CloseWorker>().empty());
}

TEST_CASE("a model beyond the budget is refused with the numbers") {
  PoolOptions options = attached();
  options.memory.bytes_per_connection = 1000;
  Rig<> rig(options);
  rig.join();
  rig.engine.add_model(model("huge", {}, 1, 5000), {rig.now, rig.out});
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(code(ready[0].error) == errc::load_failed);
  CHECK(says(ready[0].error, "refused 5000 bytes"));
  CHECK(says(ready[0].error, "budget 1000 bytes"));
}

TEST_CASE("requests that a scheduler holds back end as well") {
  struct Miser : scheduling::Fifo {
    std::optional<RequestId> front(ModelIndex) noexcept { return std::nullopt; }
  };
  Rig<selector::FirstFit, scaling::Fixed, memory::LruBudget, Miser> rig(attached());
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  rig.submit(digits);
  rig.submit(digits);
  rig.join();
  rig.engine.load_failed(rig.take<OpenWorker>().at(0).worker, Error(errc::no_backend, "no"), {rig.now, rig.out});
  CHECK(rig.take<Complete>().size() == 2);
  rig.submit(digits);
  CHECK(rig.take<Complete>().size() == 1);
}

TEST_CASE("a load that is held back is late only when it has been sent for too long") {
  PoolOptions options = attached();
  options.connection.health_interval = 0ms;
  options.connection.load_timeout = 10s;
  Rig<> pool(options);
  pool.join();
  pool.engine.add_model(model("usual"), {pool.now, pool.out});
  pool.engine.add_model(model("held"), {pool.now, pool.out});
  const auto opened = pool.take<OpenWorker>();
  REQUIRE(opened.size() == 2);
  pool.engine.load_progressed(opened[1].worker, {LoadStage::waits}, pool.now);
  const auto closed = [&](Duration later) {
    pool.tick(later);
    pool.load_all();
    return pool.take<CloseWorker>();
  };
  CHECK(closed(9s).empty());
  const auto late = closed(2s);
  REQUIRE(late.size() == 1);
  CHECK(late[0].worker == opened[0].worker);
  for (int i = 0; i < 10; ++i) CHECK(closed(9s).empty());
  pool.engine.load_progressed(opened[1].worker, {LoadStage::fetch, 0, 90}, pool.now);
  CHECK(closed(9s).empty());
  const auto last = closed(2s);
  REQUIRE(last.size() == 1);
  CHECK(last[0].worker == opened[1].worker);
  CHECK(says(last[0].trouble, "fetch stopped at 0 of 90 bytes for 10 s"));
}

TEST_CASE("supply alone: a model is placed where it can be, else a browser is launched, else it hears why not") {
  Rooms rooms(launching());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  rooms.supply.acquire(digits, rooms.turn());
  CHECK(rooms.said<Launch>().size() == 1);
  rooms.launched();
  rooms.supply.acquire(digits, rooms.turn());
  CHECK(rooms.said<OpenWorker>().size() == 1);
  ModelRow& exotic = rooms.tables.add_model(model("exotic", {Browser::safari}));
  rooms.supply.acquire(exotic, rooms.turn());
  REQUIRE(rooms.said<ModelReady>().size() == 1);
  CHECK(code(rooms.said<ModelReady>()[0].error) == errc::no_browser_found);
}

TEST_CASE("only where there are sinks, a scaling step is told, and no step where nothing changes") {
  PoolOptions options = launching();
  options.min_connections = 2;
  const bool listens = GENERATE(false, true);
  if (listens) options.sinks = {std::make_shared<RunSink>()};
  Rooms rooms(options);
  rooms.supply.scale(rooms.turn());
  CHECK(rooms.said<Launch>().size() == 2);
  rooms.supply.scale(rooms.turn());
  const auto told = rooms.said<Scales>();
  REQUIRE(told.size() == (listens ? 1 : 0));
  if (listens) CHECK((told[0].before == 0 && told[0].wanted == 2));
}
