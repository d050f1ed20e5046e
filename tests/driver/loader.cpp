#include <webpool/driver/loader.hpp>

#include "../support/loopback_pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

std::string progress_frame(std::uint64_t worker, const std::string& rest) {
  return frame(R"({"type":"progress","id":)" + std::to_string(worker) + "," + rest + "}");
}

}  // namespace

TEST_CASE("a load describes the model and the browser's wishes") {
  PoolOptions options = quiet();
  BrowserOptions& firefox = options.browser_options[Browser::firefox];
  firefox.webnn_devices = {WebnnDevice::cpu};
  firefox.wasm_threads = 3;
  firefox.workgroup_size = {{64, 1, 1}};
  const auto pool = LoopbackPool::make(std::move(options));
  const LoopbackTab tab(*pool);
  pool->load({.free_dimensions = {{"batch", 1}}});
  CHECK(pool->has_model("digits"));
  const Received load = tab.worker().next("load");
  CHECK_THAT(load.header, contains(R"("name":"digits")") && contains(R"("url":"/models/)") &&
                              contains(R"({"name":"webnn","device_type":"cpu"})") &&
                              contains(R"({"name":"wasm","threads":3})") &&
                              contains(R"("free_dimensions":{"batch":1})") && contains(R"("warmup":true)") &&
                              contains(R"("workgroup_size":[64,1,1])"));
}

TEST_CASE("what the options rule out is a reason too, and nothing is sent when nothing is left") {
  PoolOptions options = quiet();
  options.browser_options[Browser::firefox].compute_shaders = false;
  options.browser_options[Browser::firefox].webnn_devices = {};
  const auto pool = LoopbackPool::make(std::move(options));
  const LoopbackTab tab(*pool);
  pool->load({.backends = {Backend::webnn, Backend::webgpu}});
  const LoopbackWorker worker = tab.worker();
  CHECK_FALSE(worker.has_news());
  REQUIRE(pool->loaded.size() == 1);
  CHECK(error_in(pool->loaded[0]).code() == errc::no_backend);
  CHECK_THAT(error_in(pool->loaded[0]).message(),
             contains("BrowserOptions::webnn_devices is empty") && contains("BrowserOptions::compute_shaders is off"));
}

TEST_CASE("progress is told as the page reports it, and of no other model") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool);
  std::vector<std::string> news;
  ModelOptions how;
  how.progress = [&](const LoadProgress& progress) {
    news.push_back(std::string(progress.model) + " " + std::string(progress.stage) + " " +
                   std::to_string(progress.done) + "/" + std::to_string(progress.total) + " " +
                   std::string(to_string(progress.browser.browser)));
  };
  pool->load(how);
  const LoopbackWorker worker = tab.worker();
  worker.link->say(progress_frame(worker.id, R"("stage":"fetch","done":10,"total":20)"));
  worker.link->say(progress_frame(worker.id, R"("stage":"create","done":0,"total":1)"));
  CHECK(news == std::vector<std::string>{"digits fetch 10/20 firefox", "digits create 0/1 firefox"});
  worker.link->say(progress_frame(worker.id, R"("stage":"fetch","part":1,"done":10,"total":20)"));
  CHECK(worker.closing_words() == "a 'progress of a model that is not loaded' is out of turn here");
}

TEST_CASE("the next tab gets the model that the first can't hold") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab first(*pool);
  pool->load();
  const LoopbackWorker worker = first.worker();
  const LoopbackTab second(*pool, "chromium");
  worker.link->say(error_frame(worker.id, "no_backend", "no adapter"));
  const LoopbackWorker holder = second.loaded_worker();
  CHECK(pool->loaded.size() == 1);
  pool->run(picture());
  holder.answer(std::vector<float>(10));
  REQUIRE(pool->ends.size() == 1);
  CHECK(pool->ends[0].value().where().browser.browser == Browser::chromium);
}

TEST_CASE("a worker that dies while it loads is tried again, and named when it never works") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool);
  pool->load();
  for (int attempt = 0; attempt < 3; ++attempt)
    tab.link->say(worker_failed_frame(tab.next("open_worker").integer("worker"), "no module workers here"));
  REQUIRE(pool->loaded.size() == 1);
  CHECK(error_in(pool->loaded[0]).code() == errc::load_failed);
  CHECK_THAT(error_in(pool->loaded[0]).message(),
             contains("model 'digits' can't be loaded") && contains("its worker died: no module workers here"));
}

TEST_CASE("a load without an answer times out") {
  PoolOptions options = quiet();
  options.connection.load_timeout = 200ms;
  const auto pool = LoopbackPool::make(std::move(options));
  const LoopbackTab tab(*pool);
  pool->load();
  for (int second = 1; pool->loaded.empty() && second < 20; ++second) {
    if (tab.has_news() && tab.next().type() == "ping") tab.link->say(pong_frame(1));
    pool->tick(Clock::now() + std::chrono::seconds(second));
  }
  REQUIRE(pool->loaded.size() == 1);
  CHECK_THAT(error_in(pool->loaded[0]).message(),
             contains("model 'digits'") && contains("its worker did not start in 0.2 s"));
}

TEST_CASE("of parts the first is fetched first, whoever attaches first") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool), other(*pool);
  pool->load_parts(2);
  const LoopbackWorker one = tab.worker(), two = other.worker();
  REQUIRE(one.has_news() != two.has_news());
  const LoopbackWorker& first = one.has_news() ? one : two;
  const LoopbackWorker& second = one.has_news() ? two : one;
  CHECK_THAT(first.next("load").header, contains(R"("importance":"high")"));
  first.link->say(progress_frame(first.id, R"("stage":"fetch","done":10,"total":20)"));
  CHECK_FALSE(second.has_news());
  first.link->say(progress_frame(first.id, R"("stage":"fetch","done":20,"total":20)"));
  CHECK_THAT(second.next("load").header, contains(R"("importance":"low")"));
}

TEST_CASE("of many models two load at a time in a tab, and those that wait can't be late") {
  PoolOptions options = quiet();
  options.connection.load_timeout = 10s;
  options.connection.health_interval = 0ms;
  const auto pool = LoopbackPool::make(std::move(options));
  const LoopbackTab tab(*pool);
  pool->load();
  pool->load();
  pool->load();
  const LoopbackWorker first = tab.worker(), second = tab.worker(), third = tab.worker();
  CHECK(first.next("load").type() == "load");
  CHECK(second.next("load").type() == "load");
  CHECK_FALSE(third.has_news());
  const TimePoint begun = Clock::now();
  pool->tick(begun + 9s);
  SECTION("one of them is loaded") { first.link->say(loaded_frame(first.id)); }
  SECTION("the worker of one of them dies") { first.link->hang_up(); }
  CHECK(third.next("load").type() == "load");
}

TEST_CASE("a part that can't be loaded stays, and ends its requests with the reasons") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool);
  const auto parts = pool->load_parts(1);
  const LoopbackWorker worker = tab.worker();
  worker.link->say(error_frame(worker.id, "no_backend", "no adapter"));
  REQUIRE(pool->loaded.size() == 1);
  CHECK(error_in(pool->loaded[0]).code() == errc::no_backend);
  CHECK(pool->has_model("digits"));
  pool->run(picture());
  REQUIRE(pool->ends.size() == 1);
  CHECK_THAT(error_in(pool->ends[0]).message(), contains("no adapter"));
  pool->release(parts[0]);
  CHECK_FALSE(pool->has_model("digits"));
}

TEST_CASE("a backend that can't run the model gives way to another, and is not tried again in such tabs") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool);
  pool->load({.backends = {Backend::webgpu, Backend::wasm}});
  const LoopbackWorker worker = tab.worker();
  worker.next("load");
  worker.link->say(loaded_frame(worker.id, "webgpu", R"("tried":[],"remarks":["a warm-up run failed"])"));
  CHECK(pool->loaded.size() == 1);
  pool->run(picture());
  worker.link->say(
      loaded_frame(worker.id, "wasm", R"("tried":[{"backend":"webgpu","message":"a run failed: no such kernel"}])"));
  worker.answer(std::vector<float>(10));
  REQUIRE(pool->ends.size() == 1);
  const Where& where = pool->ends[0].value().where();
  CHECK(where.backend == Backend::wasm);
  REQUIRE(where.passed_over.size() == 1);
  CHECK(where.passed_over[0].message == "a run failed: no such kernel");
  CHECK(where.remarks.empty());

  pool->load({.name = "once more", .backends = {Backend::webgpu, Backend::wasm}});
  CHECK_THAT(tab.worker().next("load").header, !contains("webgpu") && contains("wasm"));
  const LoopbackTab chromium(*pool, "chromium");
  pool->load({.name = "elsewhere", .backends = {Backend::webgpu, Backend::wasm}, .browsers = {Browser::chromium}});
  CHECK_THAT(chromium.worker().next("load").header, contains("webgpu") && contains("wasm"));
}

TEST_CASE("what came up in a load that is good reaches those who ask where a result comes from") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool);
  pool->load();
  const LoopbackWorker worker = tab.worker();
  worker.link->say(loaded_frame(worker.id, "webgpu",
                                R"("tried":[],"remarks":["a warm-up run failed: no such index"],"verified":true)"));
  pool->run(picture());
  worker.answer(std::vector<float>(10));
  REQUIRE(pool->ends.size() == 1);
  CHECK(pool->ends[0].value().where().remarks == std::vector<std::string>{"a warm-up run failed: no such index"});
  CHECK(pool->ends[0].value().where().verified == true);
}

TEST_CASE("a backend that never answers is passed over when the model is loaded again") {
  PoolOptions options = quiet();
  options.connection.message_timeout = 200ms;
  options.connection.health_interval = 0ms;
  const auto pool = LoopbackPool::make(std::move(options));
  const LoopbackTab tab(*pool);
  pool->load({.backends = {Backend::webgpu, Backend::wasm}});
  const LoopbackWorker worker = tab.worker();
  worker.link->say(loaded_frame(worker.id, "webgpu"));
  pool->run(picture());
  pool->tick(Clock::now() + 1s);
  REQUIRE(pool->ends.size() == 1);
  CHECK(error_in(pool->ends[0]).code() == errc::timed_out);
  const LoopbackTab fresh(*pool);
  pool->load({.name = "again", .backends = {Backend::webgpu, Backend::wasm}});
  CHECK_THAT(fresh.worker().next("load").header, !contains("webgpu") && contains("wasm"));
}
