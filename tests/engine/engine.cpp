#include <webpool/engine/engine.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

/// A rig with one attached tab that holds one model.
struct OneTab : Rig<> {
  explicit OneTab(PoolOptions options = attached()) : Rig(std::move(options)) {
    digits = engine.add_model(model("digits"), {now, out});
    tab = join();
    worker = load_all().at(0).worker;
    out.clear();
  }
  ModelIndex digits;
  ConnectionId tab;
  WorkerId worker;
};

}  // namespace

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

TEST_CASE("a failed load is tried in another tab, never twice in one; then the reasons are told") {
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
  rig.engine.load_failed(opened[0].worker, Error(errc::load_failed, "hash mismatch"), {rig.now, rig.out});
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(code(ready[0].error) == errc::no_backend);
  CHECK(says(ready[0].error, "chromium 1.0: webgpu: no adapter; firefox 1.0: hash mismatch"));
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

TEST_CASE("a load without an answer fails") {
  Rig<> rig(attached());
  rig.join();
  rig.engine.add_model(model("digits"), {rig.now, rig.out});
  rig.take<OpenWorker>();
  rig.tick(119s);
  for (int i = 0; i < 3; ++i) CHECK(rig.take<ModelReady>().empty());
  rig.tick(1s);
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(says(ready[0].error, "no answer for 120 s"));
}

TEST_CASE("a model whose load takes the tab along every time rests") {
  Rig<> rig(launching());
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const LaunchId launch = rig.take<Launch>().at(0).launch;
  for (int i = 0; i < 3; ++i) {
    const ConnectionId tab = rig.join(launch);
    rig.engine.heard(tab, rig.now);
    REQUIRE(rig.take<OpenWorker>().size() == 1);
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
  }
  CHECK(rig.take<Complete>().empty());
  rig.tick(1s);
  rig.load_all();
  CHECK(rig.take<Run>().size() == 2);
}

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

TEST_CASE("a tab that leaves fails its requests; the waiting go elsewhere") {
  OneTab rig;
  std::vector<RequestId> requests;
  for (int i = 0; i < 3; ++i) requests.push_back(rig.submit(rig.digits));
  rig.engine.left(rig.tab, Error(errc::connection_lost, "socket closed"), {rig.now, rig.out});
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 2);
  CHECK(code(ends[0].error) == errc::connection_lost);
  CHECK(says(ends[0].error, "model 'digits' was running in chromium 1.0, which went away: socket closed"));
  CHECK(rig.engine.metrics().losses == 1);
  CHECK(rig.engine.metrics().memory_bytes == 0);
  rig.join();
  rig.load_all();
  rig.take<Run>();
  CHECK(rig.engine.metrics().in_flight == 1);
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
  rig.engine.heard(tab, rig.now);
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

TEST_CASE("a lost worker fails its requests, and the model comes back to the same tab") {
  OneTab rig;
  rig.submit(rig.digits);
  rig.engine.worker_lost(rig.worker, Error(errc::device_lost, "GPU reset"), {rig.now, rig.out});
  CHECK(code(rig.take<Complete>().at(0).error) == errc::device_lost);
  CHECK(rig.take<CloseWorker>().at(0).worker == rig.worker);
  CHECK(rig.take<OpenWorker>().at(0).connection == rig.tab);
}

TEST_CASE("cancelling a request that waits ends it; one that runs keeps its place until the reply") {
  PoolOptions options = attached();
  options.connection.requests_in_flight = 1;
  OneTab rig(options);
  const RequestId running = rig.submit(rig.digits), waiting = rig.submit(rig.digits), third = rig.submit(rig.digits);
  const Run run = rig.take<Run>().at(0);
  rig.engine.cancel(waiting, {rig.now, rig.out});
  CHECK(code(rig.take<Complete>().at(0).error) == errc::cancelled);
  CHECK(rig.take<CancelRun>().empty());
  rig.engine.cancel(running, {rig.now, rig.out});
  CHECK(code(rig.take<Complete>().at(0).error) == errc::cancelled);
  CHECK(rig.take<CancelRun>().at(0).request == running);
  CHECK(rig.take<Run>().empty());
  rig.engine.cancel(running, {rig.now, rig.out});
  CHECK(rig.out.empty());
  CHECK_FALSE(rig.fail(run, errc::cancelled));
  CHECK(rig.take<Run>().at(0).request == third);
  CHECK(rig.engine.metrics().late_replies == 1);
  CHECK(rig.engine.metrics().cancelled == 2);
}

TEST_CASE("a request past its deadline ends, whether it waits or runs, and is never sent") {
  PoolOptions options = attached();
  options.connection.requests_in_flight = 1;
  OneTab rig(options);
  const RequestId running = rig.submit(rig.digits, 50ms);
  const RequestId waiting = rig.submit(rig.digits, 60ms);
  const Run run = rig.take<Run>().at(0);
  rig.tick(50ms);
  auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].request == running);
  CHECK(code(ends[0].error) == errc::deadline_exceeded);
  CHECK(rig.take<CancelRun>().size() == 1);
  rig.now += 10ms;
  CHECK_FALSE(rig.finish(run));
  CHECK(rig.take<Run>().empty());
  ends = rig.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].request == waiting);
  CHECK(rig.engine.metrics().expired == 2);
}

TEST_CASE("a run without an answer ends as timed out, and its worker with it") {
  OneTab rig;
  rig.submit(rig.digits);
  rig.tick(59s);
  rig.take<Ping>();
  CHECK(rig.take<Complete>().empty());
  rig.engine.heard(rig.tab, rig.now);
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
    rig.engine.heard(rig.tab, rig.now);
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
  rig.engine.heard(rig.tab, rig.now);
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

TEST_CASE("requests that a scheduler holds back end as well") {
  struct Miser : scheduling::Fifo {
    std::optional<RequestId> front(ModelIndex) noexcept { return std::nullopt; }
  };
  Rig<selector::FirstFit, scaling::Fixed, memory::LruBudget, Miser> rig(attached());
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  rig.submit(digits);
  rig.submit(digits);
  rig.join();
  rig.engine.load_failed(rig.take<OpenWorker>().at(0).worker, Error(errc::load_failed, "no"), {rig.now, rig.out});
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
  pool.engine.load_held(opened[1].worker);
  const auto closed = [&](Duration later) {
    pool.tick(later);
    return pool.take<CloseWorker>();
  };
  CHECK(closed(9s).empty());
  const auto late = closed(2s);
  REQUIRE(late.size() == 1);
  CHECK(late[0].worker == opened[0].worker);
  for (int i = 0; i < 10; ++i) CHECK(closed(9s).empty());
  pool.engine.load_sent(opened[1].worker, pool.now);
  CHECK(closed(9s).empty());
  const auto last = closed(2s);
  REQUIRE(last.size() == 1);
  CHECK(last[0].worker == opened[1].worker);
  CHECK(says(last[0].trouble, "no answer for 10 s"));
}
