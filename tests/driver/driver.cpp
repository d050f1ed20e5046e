#include <webpool/driver/driver.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

constexpr unsigned policy_violation = 1008;
constexpr unsigned message_too_big = 1009;

/// How the pool closes a control socket whose first message is this one.
WebSocket::Message close_after(const ResourcePool<>& pool, const std::string& payload, Opcode opcode = Opcode::binary) {
  WebSocket socket(port_of(pool.join_url()), "/control");
  REQUIRE(socket.status() == 101);
  socket.send(payload, opcode);
  const auto closing = socket.receive_close();
  REQUIRE(closing);
  return *closing;
}

void check_alive(const ResourcePool<>& pool) { CHECK(RawTab(pool.join_url()).connection > 0); }

/// What the pool says before it closes the socket of a tab that it does not let in.
struct Refusal {
  Received message;
  WebSocket::Message closing;
};
Refusal refusal_of(const ResourcePool<>& pool, const std::string& hello) {
  WebSocket socket(port_of(pool.join_url()), "/control");
  socket.send(hello);
  const Received message = next(socket, "refused");
  const auto closing = socket.receive_close();
  REQUIRE(closing);
  return {message, *closing};
}

}  // namespace

// --- who is let in

TEST_CASE("a tab with a wrong token is refused") {
  const ResourcePool pool(quiet());
  const Refusal refusal = refusal_of(pool, hello("00000000000000000000000000000000"));
  CHECK(refusal.message.text("code") == "wrong_token");
  CHECK(refusal.message.text("message") ==
        "the link's token does not belong to this pool; open the pool's join link again");
  CHECK(refusal.closing.close_code() == policy_violation);
  CHECK(refusal_of(pool, hello("")).message.text("code") == "wrong_token");
  CHECK(pool.metrics().joins == 0);
  check_alive(pool);
}

TEST_CASE("a tab without a token is refused") {
  const ResourcePool pool(quiet());
  const auto closing = close_after(pool, frame(R"({"type":"hello","version":1,"capabilities":{}})"));
  CHECK(closing.close_code() == policy_violation);
  CHECK_THAT(closing.close_reason(), contains("token"));
  check_alive(pool);
}

TEST_CASE("a page of another version is refused by number") {
  const ResourcePool pool(quiet());
  const Refusal refusal = refusal_of(pool, frame(R"({"type":"hello","version":7,"token":5})"));
  CHECK(refusal.message.text("code") == "version_mismatch");
  CHECK_THAT(refusal.message.text("message"),
             contains("version 7") && contains("speaks 1") && contains("reload the page"));
}

TEST_CASE("a full pool refuses one more tab") {
  PoolOptions options = quiet();
  options.max_connections = 1;
  const ResourcePool pool(std::move(options));
  const RawTab first(pool.join_url());
  const Refusal refusal = refusal_of(pool, hello(token_of(pool.join_url())));
  CHECK(refusal.message.text("code") == "pool_full");
  CHECK_THAT(refusal.message.text("message"), contains("(1)"));
}

TEST_CASE("a launch number that the pool did not give makes no launched tab") {
  ResourcePool pool(quiet());
  std::promise<BrowserInfo> joined;
  pool.on_join([&](const BrowserInfo& browser) { joined.set_value(browser); });
  const RawTab tab(pool.join_url(), R"(,"launch":1048576)");
  const BrowserInfo browser = joined.get_future().get();
  CHECK_FALSE(browser.launched);
  CHECK(browser.browser == Browser::firefox);
  CHECK(pool.metrics().connections == 1);
}

// --- frames

TEST_CASE("what is no frame closes its socket with a sentence, and the pool lives on") {
  const ResourcePool pool(quiet());
  using Case = std::pair<std::string, std::string>;
  const auto [payload, sentence] =
      GENERATE(Case{"", "0 bytes"}, Case{"abc", "3 bytes"},
               Case{std::string("\xff\xff\xff\xff{}", 6), "don't fit into a frame of 6"},
               Case{std::string("\x04\0\0\0nope", 8), "header"}, Case{frame("{}"), "type"},
               Case{frame(R"({"type":"hello"})"), "version"}, Case{frame(R"({"type":"frobnicate"})"), "frobnicate"},
               Case{frame(R"({"type":"pong","id":1,"visible":true,"timer_drift_ms":0})") + "12345678",
                    "the message ends at byte"});
  CAPTURE(sentence);
  const auto closing = close_after(pool, payload);
  CHECK(closing.close_code() == policy_violation);
  CHECK_THAT(closing.close_reason(), contains(sentence));
  check_alive(pool);
}

TEST_CASE("text messages are not understood") {
  const ResourcePool pool(quiet());
  const auto closing = close_after(pool, "hello", Opcode::text);
  CHECK(closing.close_code() == policy_violation);
  CHECK(closing.close_reason() == "only binary messages are understood");
  check_alive(pool);
}

TEST_CASE("a sentence in a close frame is cut between characters") {
  const ResourcePool pool(quiet());
  std::string name;
  for (int i = 0; i < 60; ++i) name += "\xe2\x82\xac";  // the euro sign
  for (const char* shift : {"", "a", "aa"}) {
    const std::string reason = close_after(pool, frame(R"({"type":")" + (shift + name) + "\"}")).close_reason();
    CHECK(reason.size() <= 123);
    const std::size_t last = reason.find_last_of('\xe2');
    if (last != reason.npos) CHECK(reason.size() - last >= 3);
  }
}

TEST_CASE("oversized messages close their socket, announced, real or in pieces") {
  PoolOptions options = quiet();
  options.connection.maximum_message_bytes = 4096;
  const ResourcePool pool(std::move(options));
  WebSocket socket(port_of(pool.join_url()), "/control");
  SECTION("one byte too many") { socket.send(std::string(4097, 'x')); }
  SECTION("announced: one tebibyte") { socket.send("x", Opcode::binary, true, std::uint64_t{1} << 40); }
  SECTION("announced: the most that 64 bits hold") { socket.send("x", Opcode::binary, true, ~std::uint64_t{0}); }
  SECTION("in pieces that are small each") {
    socket.send(std::string(2000, 'x'), Opcode::binary, false);
    socket.send(std::string(2000, 'x'), Opcode::continuation, false);
    socket.send(std::string(2000, 'x'), Opcode::continuation, true);
  }
  const auto closing = socket.receive_close();
  REQUIRE(closing);
  CHECK(closing->close_code() == message_too_big);
  check_alive(pool);
}

TEST_CASE("a message in pieces is put together") {
  const ResourcePool pool(quiet());
  WebSocket socket(port_of(pool.join_url()), "/control");
  const std::string whole = hello(token_of(pool.join_url()));
  socket.send(whole.substr(0, 5), Opcode::binary, false);
  socket.send("", Opcode::continuation, false);
  socket.send(whole.substr(5), Opcode::continuation, true);
  CHECK(next(socket).type() == "welcome");
}

TEST_CASE("a frame that ends early leaves nothing behind") {
  const ResourcePool pool(quiet());
  {
    RawTab tab(pool.join_url());
    tab.socket.send("12345678", Opcode::binary, true, 4096);
    CHECK(pool.metrics().connections == 1);
  }
  CHECK(within(patience, [&] { return pool.metrics().connections == 0; }));
  CHECK(pool.metrics().losses == 1);
  check_alive(pool);
}

// --- turns

TEST_CASE("control messages out of turn close their socket") {
  const ResourcePool pool(quiet());
  const std::string pong = frame(R"({"type":"pong","id":1,"visible":true,"timer_drift_ms":0})");
  const std::string worker_failed = frame(R"({"type":"worker_failed","worker":1,"message":"gone"})");
  CHECK(close_after(pool, pong).close_reason() == "a 'pong' is out of turn here");
  CHECK(close_after(pool, worker_failed).close_reason() == "a 'worker_failed' is out of turn here");

  RawTab tab(pool.join_url());
  tab.socket.send(worker_failed);  // a worker that is not there any more is no mistake of the page
  tab.socket.send(hello(token_of(pool.join_url())));
  const auto closing = tab.socket.receive_close();
  REQUIRE(closing);
  CHECK(closing->close_reason() == "a 'hello' is out of turn here");
  CHECK(within(patience, [&] { return pool.metrics().connections == 0; }));
}

TEST_CASE("a worker that does not show its key is refused") {
  ResourcePool pool(quiet());
  RawTab tab(pool.join_url());
  auto loading = std::async(std::launch::async, [&] { return pool.load(digits()); });
  const Received open = next(tab.socket, "open_worker");
  const std::uint64_t id = open.integer("worker");
  const std::string key = open.text("key");
  const auto refused = [&](RawWorker worker) {
    const auto closing = worker.socket.receive_close();
    REQUIRE(closing);
    CHECK(closing->close_code() == policy_violation);
    return closing->close_reason();
  };
  CHECK(refused(RawWorker(tab.port, id, "00000000000000000000000000000000")) == "no worker waits under that key");
  CHECK(refused(RawWorker(tab.port, id + 1, key)) == "no worker waits under that key");

  RawWorker worker(tab.port, id, key);
  worker.load();
  const Model model = loading.get();
  CHECK(refused(RawWorker(tab.port, id, key)) == "no worker waits under that key");
  worker.attach(id, key);
  const auto closing = worker.socket.receive_close();
  REQUIRE(closing);
  CHECK(closing->close_reason() == "a 'attach' is out of turn here");
}

TEST_CASE("a worker of another version is refused") {
  const ResourcePool pool(quiet());
  WebSocket socket(port_of(pool.join_url()), "/data");
  socket.send(frame(R"({"type":"attach","version":2})"));
  const auto closing = socket.receive_close();
  REQUIRE(closing);
  CHECK(closing->close_reason() == "the worker speaks version 2");
}

TEST_CASE("data messages before attach close their socket") {
  const ResourcePool pool(quiet());
  const std::string type = GENERATE("progress", "loaded", "result", "error", "device_lost");
  const std::string message = frame(
      R"({"type":")" + type +
      R"(","id":1,"stage":"fetch","done":1,"total":2,"backend":"wasm","tried":[],"cpu_fallback":false,"inputs":[],"outputs":[],)"
      R"("times":{"fetch":0,"create":0,"warmup":0,"queued":0,"upload":0,"compute":0,"download":0},)"
      R"("from_cache":false,"memory_bytes":0,"code":"run_failed","message":"","reason":""})");
  WebSocket socket(port_of(pool.join_url()), "/data");
  socket.send(message);
  const auto closing = socket.receive_close();
  REQUIRE(closing);
  CHECK(closing->close_reason() == "a '" + type + "' is out of turn here");
  check_alive(pool);
}

TEST_CASE("a result before loaded, and loaded twice or for another load, are out of turn") {
  ResourcePool pool(quiet());
  RawTab tab(pool.join_url());
  auto loading = std::async(std::launch::async, [&] { return pool.load(digits()); });
  RawWorker worker = tab.worker();
  next(worker.socket, "load");
  std::optional<Model> model;
  std::string expected;
  SECTION("result") {
    const std::vector<float> values(10);
    worker.result(1, values, "[1,10]");
    expected = "a 'result' is out of turn here";
  }
  SECTION("loaded with another id") {
    ++worker.id;
    worker.loaded();
    expected = "a 'loaded' is out of turn here";
  }
  SECTION("loaded twice") {
    worker.loaded();
    model.emplace(loading.get());
    worker.loaded();
    expected = "a 'loaded' is out of turn here";
  }
  const auto closing = worker.socket.receive_close();
  REQUIRE(closing);
  CHECK(closing->close_reason() == expected);
  if (loading.valid()) {
    tab.loaded_worker();  // the load has another try
    CHECK(loading.get().name() == "digits");
  }
}

// --- replies

TEST_CASE("a reply to nobody is counted and dropped") {
  Stage stage;
  const std::vector<float> values(10);
  stage.worker->result(4711, values, "[1,10]");
  stage.worker->result(5'000'000'000'000, values, "[1,10]");
  stage.worker->fail(4712, "run_failed", "nothing was asked");
  CHECK(within(patience, [&] { return stage.pool.metrics().late_replies == 3; }));

  Ends ends;
  stage.model->async_run(picture(3), ends.handler());
  const Received run = stage.run();
  stage.worker->answer(run);
  stage.worker->answer(run);
  REQUIRE(ends.reach(1));
  CHECK(within(patience, [&] { return stage.pool.metrics().late_replies == 4; }));
  CHECK(ends.count() == 1);
  CHECK(ends.results().size() == 1);
}

TEST_CASE("one tab can't answer for another") {
  PoolOptions options = quiet();
  ResourcePool pool(std::move(options));
  RawTab tab(pool.join_url()), other(pool.join_url());
  auto loading = std::async(std::launch::async, [&] { return pool.load(digits(), {.replicas = 2}); });
  RawWorker worker = tab.loaded_worker(), rival = other.loaded_worker();
  const Model model = loading.get();
  Ends ends;
  model.async_run(picture(3), ends.handler());
  REQUIRE(within(patience, [&] { return worker.socket.has_news(1ms) || rival.socket.has_news(1ms); }));
  const bool first = worker.socket.has_news(0ms);
  RawWorker& asked = first ? worker : rival;
  RawWorker& unasked = first ? rival : worker;
  const Received run = next(asked.socket, "run");
  const std::vector<float> forged(10, 666.0F);
  unasked.result(run.integer("id"), forged, "[1,10]");
  CHECK(within(patience, [&] { return pool.metrics().late_replies == 1; }));
  CHECK(ends.count() == 0);
  asked.answer(run);
  REQUIRE(ends.reach(1));
  CHECK(ends.results().at(0)["probabilities"].as<float>()[0] == 3.0F);
}

TEST_CASE("an output that the model does not declare fails the run") {
  Stage stage;
  Ends ends;
  stage.model->async_run(picture(), ends.handler());
  const std::vector<float> values(20);
  const std::uint64_t run = stage.run().integer("id");
  std::string expected;
  SECTION("its name") {
    stage.worker->result(run, std::span(values).first(10), "[1,10]", "confidence");
    expected = "an output 'confidence' FP32 [1, 10] that the model does not declare";
  }
  SECTION("its shape") {
    stage.worker->result(run, values, "[1,20]");
    expected = "an output 'probabilities' FP32 [1, 20] that the model does not declare";
  }
  SECTION("its absence") {
    stage.worker->socket.send(frame(R"({"type":"result","id":)" + std::to_string(run) +
                                    R"(,"outputs":[],"times":{"queued":0,"upload":0,"compute":0,"download":0}})"));
    expected = "the page answered without the output 'probabilities'";
  }
  REQUIRE(ends.reach(1));
  REQUIRE(ends.errors().size() == 1);
  CHECK(ends.errors()[0].code() == errc::run_failed);
  CHECK_THAT(ends.errors()[0].message(),
             contains("model 'digits' on firefox/wasm: the page answered") && contains(expected));
}

TEST_CASE("a failed run brings the page's words") {
  Stage stage;
  using Case = std::pair<const char*, errc>;
  const auto [word, code] = GENERATE(Case{"run_failed", errc::run_failed}, Case{"bad_input", errc::bad_input},
                                     Case{"device_lost", errc::device_lost}, Case{"cancelled", errc::cancelled});
  Ends ends;
  stage.model->async_run(picture(), ends.handler());
  stage.worker->fail(stage.run().integer("id"), word, "the page's words");
  REQUIRE(ends.reach(1));
  REQUIRE(ends.errors().size() == 1);
  CHECK(ends.errors()[0].code() == code);
  CHECK(ends.errors()[0].message() == "model 'digits' on firefox/wasm: the page's words");
}

// --- losses

TEST_CASE("a tab that closes ends its runs once, with connection_lost") {
  Stage stage;
  Ends ends;
  for (int i = 0; i < 2; ++i) stage.model->async_run(picture(), ends.handler());
  stage.run();
  stage.run();
  SECTION("control socket first") {
    stage.tab.socket.drop();
    REQUIRE(ends.reach(2));
    stage.worker->socket.drop();
  }
  SECTION("data socket first") {
    stage.worker->socket.drop();
    REQUIRE(ends.reach(2));
    stage.tab.socket.drop();
  }
  CHECK(within(patience, [&] { return stage.pool.metrics().connections == 0; }));
  REQUIRE(ends.errors().size() == 2);
  for (const Error& error : ends.errors()) {
    CHECK(error.code() == errc::connection_lost);
    CHECK_THAT(error.message(), contains("model 'digits'") && contains("firefox") && contains("went away"));
  }
  const Metrics metrics = stage.pool.metrics();
  CHECK(metrics.failed == 2);
  CHECK(metrics.in_flight + metrics.queued == 0);
}

TEST_CASE("a worker that dies ends its runs, and the tab gets another one") {
  Stage stage;
  Ends ends;
  stage.model->async_run(picture(), ends.handler());
  stage.run();
  stage.tab.socket.send(frame(R"({"type":"worker_failed","worker":)" + std::to_string(stage.worker->id) +
                              R"(,"message":"RangeError: out of memory"})"));
  REQUIRE(ends.reach(1));
  REQUIRE(ends.errors().size() == 1);
  CHECK(ends.errors()[0].code() == errc::connection_lost);
  CHECK(ends.errors()[0].message() == "model 'digits' on firefox/wasm: its worker died: RangeError: out of memory");
  CHECK(stage.worker->socket.receive_close());

  RawWorker fresh = stage.tab.loaded_worker();
  CHECK(fresh.id != stage.worker->id);
  stage.model->async_run(picture(5), ends.handler());
  fresh.answer(next(fresh.socket, "run"));
  REQUIRE(ends.reach(2));
  CHECK(ends.results().size() == 1);
}

TEST_CASE("a lost device ends the runs behind it") {
  Stage stage;
  Ends ends;
  stage.model->async_run(picture(), ends.handler());
  const std::uint64_t run = stage.run().integer("id");
  stage.worker->socket.send(frame(R"({"type":"device_lost","reason":"destroyed","message":"the driver was reset"})"));
  stage.worker->fail(run, "device_lost", "too late");
  REQUIRE(ends.reach(1));
  REQUIRE(ends.errors().size() == 1);
  CHECK(ends.errors()[0].code() == errc::device_lost);
  CHECK(ends.errors()[0].message() == "model 'digits' on firefox/wasm: destroyed: the driver was reset");
  RawWorker fresh = stage.tab.loaded_worker();
  CHECK(fresh.id != stage.worker->id);
}

TEST_CASE("another tab's worker is not a tab's to bury") {
  Stage stage;
  RawTab stranger(stage.pool.join_url());
  stranger.socket.send(
      frame(R"({"type":"worker_failed","worker":)" + std::to_string(stage.worker->id) + R"(,"message":"bang"})"));
  Ends ends;
  stage.model->async_run(picture(), ends.handler());
  stage.worker->answer(stage.run());
  REQUIRE(ends.reach(1));
  CHECK(ends.results().size() == 1);
}

TEST_CASE("a tab without heartbeat is closed") {
  PoolOptions options = quiet();
  options.connection.health_interval = 100ms;
  const ResourcePool pool(std::move(options));
  RawTab tab(pool.join_url());
  next(tab.socket, "ping");
  CHECK_THAT(next(tab.socket, "close").text("message"), contains("no answer to 3 heartbeats"));
  CHECK(within(patience, [&] { return pool.metrics().connections == 0; }));
}

// --- loads

TEST_CASE("a model that no tab can hold fails with every reason") {
  ResourcePool pool(quiet());
  RawTab tab(pool.join_url());
  auto loading = std::async(std::launch::async, [&] { return error_of([&] { pool.load(digits()); }); });
  RawWorker worker = tab.worker();
  const Received load = next(worker.socket, "load");
  CHECK(load.integer("id") == worker.id);
  worker.fail(worker.id, "no_backend", "none",
              R"([{"backend":"webnn","message":"no npu"},{"backend":"webgpu","message":"no adapter: blocked"},)"
              R"({"backend":"wasm","message":"operator Foo is not implemented"}])");
  const Error error = loading.get();
  CHECK(error.code() == errc::no_backend);
  CHECK_THAT(error.message(), contains("model 'digits' can't be loaded: ") && contains("firefox 1.0") &&
                                  contains("webnn: no npu") && contains("webgpu: no adapter: blocked") &&
                                  contains("wasm: operator Foo is not implemented"));
  CHECK(next(tab.socket, "close_worker").integer("worker") == worker.id);
  CHECK(within(patience, [&] { return !pool.has_model("digits"); }));
}

TEST_CASE("an error about something else does not end a load") {
  ResourcePool pool(quiet());
  RawTab tab(pool.join_url());
  auto loading = std::async(std::launch::async, [&] { return pool.load(digits()); });
  RawWorker worker = tab.worker();
  worker.fail(worker.id + 1, "run_failed", "of long ago");
  worker.load();
  CHECK(loading.get().name() == "digits");
  CHECK(pool.metrics().late_replies == 1);
}

TEST_CASE("what the options rule out is a reason too, and nothing is sent when nothing is left") {
  PoolOptions options = quiet();
  options.browser_options[Browser::firefox].compute_shaders = false;
  options.browser_options[Browser::firefox].webnn_devices = {};
  ResourcePool pool(std::move(options));
  RawTab tab(pool.join_url());
  const ModelOptions how{.backends = {Backend::webnn, Backend::webgpu}};
  auto loading = std::async(std::launch::async, [&] { return error_of([&] { pool.load(digits(), how); }); });
  RawWorker worker = tab.worker();
  CHECK(worker.socket.receive()->opcode == Opcode::close);
  const Error error = loading.get();
  CHECK(error.code() == errc::no_backend);
  CHECK_THAT(error.message(),
             contains("BrowserOptions::webnn_devices is empty") && contains("BrowserOptions::compute_shaders is off"));
}

TEST_CASE("the next tab gets the model that the first can't hold") {
  ResourcePool pool(quiet());
  RawTab first(pool.join_url());
  auto loading = std::async(std::launch::async, [&] { return pool.load(digits()); });
  RawWorker worker = first.worker();
  RawTab second(pool.join_url(), "", "chromium");
  worker.fail(worker.id, "no_backend", "no adapter");
  RawWorker holder = second.loaded_worker();
  const Model model = loading.get();
  Ends ends;
  model.async_run(picture(9), ends.handler());
  holder.answer(next(holder.socket, "run"));
  REQUIRE(ends.reach(1));
  REQUIRE(ends.results().size() == 1);
  CHECK(ends.results()[0].where().browser.browser == Browser::chromium);
  CHECK(ends.results()[0].where().connection.value == second.connection);
}

TEST_CASE("a worker that dies while it loads is tried again, and named when it never works") {
  ResourcePool pool(quiet());
  RawTab tab(pool.join_url());
  auto loading = std::async(std::launch::async, [&] { return error_of([&] { pool.load(digits()); }); });
  for (int attempt = 0; attempt < 3; ++attempt) {
    const Received open = next(tab.socket, "open_worker");
    tab.socket.send(frame(R"({"type":"worker_failed","worker":)" + std::to_string(open.integer("worker")) +
                          R"(,"message":"no module workers here"})"));
  }
  const Error error = loading.get();
  CHECK(error.code() == errc::load_failed);
  CHECK_THAT(error.message(),
             contains("model 'digits' can't be loaded") && contains("its worker died: no module workers here"));
}

TEST_CASE("a load without an answer times out") {
  PoolOptions options = quiet();
  options.connection.load_timeout = 200ms;
  ResourcePool pool(std::move(options));
  RawTab tab(pool.join_url());
  const Error error = error_of([&] { pool.load(digits()); });
  CHECK(error.code() == errc::load_failed);
  CHECK_THAT(error.message(), contains("model 'digits'") && contains("no answer for 0.2 s"));
}

TEST_CASE("progress is told as the page reports it") {
  ResourcePool pool(quiet());
  RawTab tab(pool.join_url());
  std::vector<std::string> news;
  ModelOptions how;
  how.progress = [&](const LoadProgress& progress) {
    news.push_back(std::string(progress.model) + " " + std::string(progress.stage) + " " +
                   std::to_string(progress.done) + "/" + std::to_string(progress.total) + " " +
                   std::string(to_string(progress.browser.browser)));
  };
  auto loading = std::async(std::launch::async, [&] { return pool.load(digits(), how); });
  RawWorker worker = tab.worker();
  const std::string id = std::to_string(worker.id);
  worker.socket.send(frame(R"({"type":"progress","id":)" + id + R"(,"stage":"fetch","done":10,"total":20})"));
  worker.socket.send(frame(R"({"type":"progress","id":)" + id + R"(,"stage":"create","done":0,"total":1})"));
  worker.load();
  loading.get();
  CHECK(news == std::vector<std::string>{"digits fetch 10/20 firefox", "digits create 0/1 firefox"});
}

TEST_CASE("the load describes the model and the browser's wishes") {
  PoolOptions options = quiet();
  BrowserOptions& firefox = options.browser_options[Browser::firefox];
  firefox.webnn_devices = {WebnnDevice::cpu};
  firefox.wasm_threads = 3;
  firefox.workgroup_size = {{64, 1, 1}};
  Stage stage(std::move(options), {.free_dimensions = {{"batch", 1}}});
  const std::string& load = stage.worker->load_message;
  CHECK_THAT(load, contains(R"("name":"digits")") && contains(R"("url":"/models/)") &&
                       contains(R"({"name":"webnn","device_type":"cpu"})") &&
                       contains(R"({"name":"wasm","threads":3})") && contains(R"("free_dimensions":{"batch":1})") &&
                       contains(R"("warmup":true)") && contains(R"("workgroup_size":[64,1,1])"));
}
