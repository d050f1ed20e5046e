#include <webpool/resource_pool.hpp>

#include <asio/experimental/deferred.hpp>
#include <asio/use_future.hpp>
#include <ctime>

#include "support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

float first_of(const Outputs& outputs) { return outputs["probabilities"].as<float>()[0]; }

Error refusal_of(PoolOptions options) {
  return error_of([&] { const ResourcePool pool(std::move(options)); });
}

}  // namespace

// --- options

TEST_CASE("options that contradict each other are refused with both numbers") {
  PoolOptions options = quiet();
  options.min_connections = 5;
  options.max_connections = 3;
  const Error error = refusal_of(options);
  CHECK(error.code() == errc::invalid_options);
  CHECK(error.message() == "min_connections (5) exceeds max_connections (3)");
}

TEST_CASE("options with which nothing would ever run are refused") {
  PoolOptions options = quiet();
  std::string words;
  SECTION("no connections") {
    options.max_connections = 0;
    words = "max_connections is 0";
  }
  SECTION("no requests") {
    options.connection.requests_in_flight = 0;
    words = "requests_in_flight is 0";
  }
  SECTION("a time before now") {
    options.connection.message_timeout = -1ms;
    words = "message_timeout is -1 ms: it must be between 0 and";
  }
  SECTION("a time that no clock reaches") {
    options.connection.load_timeout = std::chrono::milliseconds::max();
    words = "load_timeout is ";
  }
  const Error error = refusal_of(options);
  CHECK(error.code() == errc::invalid_options);
  CHECK_THAT(error.message(), contains(words));
}

TEST_CASE("a port that is taken is named") {
  const ResourcePool pool(quiet());
  PoolOptions options = quiet();
  options.port = port_of(pool.join_url());
  const Error error = refusal_of(options);
  CHECK(error.code() == errc::address_in_use);
  CHECK_THAT(error.message(), contains("127.0.0.1 port " + std::to_string(options.port)) && contains("in use") &&
                                  contains("choose another port"));
}

TEST_CASE("a port can be used again at once") {
  PoolOptions options = quiet();
  {
    const ResourcePool pool(quiet());
    const RawTab tab(pool.join_url());
    options.port = port_of(pool.join_url());
  }
  CHECK_NOTHROW(ResourcePool(options));
}

TEST_CASE("an address that can't be bound is refused for what it is") {
  PoolOptions options = quiet();
  options.address = "not-an-address";
  Error error = refusal_of(options);
  CHECK(error.code() == errc::invalid_options);
  CHECK_THAT(error.message(), contains("address 'not-an-address' is not an IP address"));

  options.address = "192.0.2.1";  // reserved for documentation, so no machine's own
  error = refusal_of(options);
  CHECK(error.code() == errc::invalid_options);
  CHECK_THAT(error.message(), contains("can't listen on 192.0.2.1") && contains("assign"));
}

TEST_CASE("a pool without ONNX Runtime Web says how to get it") {
  const TemporaryFolder empty;
  PoolOptions options = quiet();
  options.ort_directory = empty.path();
  const Error error = refusal_of(options);
  CHECK(error.code() == errc::runtime_missing);
  CHECK_THAT(error.message(),
             contains(empty.path().string()) && contains("npm install onnxruntime-web") && contains("WEBPOOL_ORT_DIR"));
}

TEST_CASE("the join link names the address as a browser needs it") {
  const ResourcePool pool(quiet());
  CHECK_THAT(pool.join_url(), contains("http://127.0.0.1:") && contains("/#token="));
  CHECK(token_of(pool.join_url()).size() == 32);
  const ResourcePool other(quiet());
  CHECK(token_of(pool.join_url()) != token_of(other.join_url()));

  PoolOptions options = quiet();
  options.address = "::1";
  const ResourcePool ipv6(options);
  CHECK_THAT(ipv6.join_url(), contains("http://[::1]:"));
}

TEST_CASE("behind a proxy the link begins with the public origin, whose requests alone pass besides local ones") {
  PoolOptions options = quiet();
  options.public_origin = "https://Pool.Example:8443";
  const ResourcePool local(quiet());
  std::atomic<std::uint16_t> port = 0;
  options.log = [&](LogLevel, std::string_view line) {
    if (port == 0) port = port_of(std::string(line) + "/#");
  };
  const ResourcePool pool(options);
  CHECK_THAT(pool.join_url(), contains("https://pool.example:8443/#token="));
  REQUIRE(within(patience, [&] { return port != 0; }));
  const auto status = [](std::uint16_t at, const std::string& host, const std::string& origin) {
    return WebSocket(at, "/control", {{"Host", host}, {"Origin", origin}}).status();
  };
  CHECK(status(port, "pool.example:8443", "https://pool.example:8443") == 101);
  CHECK(status(port, "pool.example:8443", "https://evil.example") == 403);
  CHECK(status(port, "evil.example", "https://pool.example:8443") == 403);
  CHECK(http_get(port, "/", {{"Host", "pool.example:8443"}}).status == 200);
  CHECK(http_get(port, "/").status == 200);
  CHECK(http_get(port_of(local.join_url()), "/", {{"Host", "pool.example:8443"}}).status == 403);
}

// --- models

TEST_CASE("model files that are none are refused by name, and the pool lives on") {
  ResourcePool pool(quiet());
  const TemporaryFolder folder;
  const auto refusal = [&](const std::filesystem::path& path) { return error_of([&] { pool.load(path); }); };
  Error error = refusal(folder.path() / "absent.onnx");
  CHECK(error.code() == errc::model_not_found);
  CHECK_THAT(error.message(), contains("no model file '" + (folder.path() / "absent.onnx").string() + "'"));
  error = refusal(folder.path());
  CHECK(error.code() == errc::model_not_found);

  error = refusal(folder.add("empty.onnx", ""));
  CHECK(error.code() == errc::model_invalid);
  CHECK_THAT(error.message(), contains("'empty'") && contains("the file is empty"));
  error = refusal(folder.add("prose.onnx", "Dear reader,\n"));
  CHECK(error.code() == errc::model_invalid);
  CHECK_THAT(error.message(), contains("'prose'") && contains("Dear reader,"));
  const std::string whole = onnx_file({{"x", {{1}}}}, {{"y", {{1}}}});
  error = refusal(folder.add("half.onnx", whole.substr(0, whole.size() / 2)));
  CHECK(error.code() == errc::model_invalid);
  CHECK_THAT(error.message(), contains("'half'") && contains("truncated"));

  const ServingTab tab(pool.join_url());
  CHECK(first_of(pool.load(digits())(picture(1))) == 1.0F);
}

TEST_CASE("models have the name, the task and the dimensions that they are given") {
  ResourcePool pool(quiet());
  const ServingTab tab(pool.join_url());
  const Model plain = pool.load(digits());
  const Model named = pool.load(digits(), {.name = "whisper-tiny", .free_dimensions = {{"batch", 4}}});
  CHECK(plain.name() == "digits");
  CHECK(named.name() == "whisper-tiny");
  CHECK(named.task() == deduce_task("whisper-tiny", named.info()));
  CHECK(plain.info().inputs.at(0).shape == Shape{Shape::any, 1, 28, 28});
  CHECK(named.info().inputs.at(0).shape == Shape{4, 1, 28, 28});
  CHECK(pool.has_model("digits"));
  CHECK(pool.has_model("whisper-tiny"));
  CHECK_FALSE(pool.has_model("whisper"));
  CHECK(pool.metrics().models == 2);
}

TEST_CASE("a load that has no tab yet waits for one, and has_model knows of it") {
  ResourcePool pool(quiet());
  auto loading = pool.async_load(digits(), {}, asio::use_future);
  CHECK(pool.has_model("digits"));
  CHECK(loading.wait_for(50ms) == std::future_status::timeout);
  const ServingTab tab(pool.join_url());
  const std::optional<Model> model = loading.get();
  REQUIRE(model);
  CHECK(first_of((*model)(picture(5))) == 5.0F);
}

TEST_CASE("async_load brings errors of the file and of the tabs to its handler") {
  ResourcePool pool(quiet());
  auto missing = pool.async_load("/nowhere/model.onnx", {}, asio::use_future);
  CHECK(error_of([&] { missing.get(); }).code() == errc::model_not_found);
  RawTab tab(pool.join_url());
  auto loading = pool.async_load(digits(), {}, asio::use_future);
  RawWorker worker = tab.worker();
  worker.fail(worker.id, "no_backend", "no adapter");
  const Error error = error_of([&] { loading.get(); });
  CHECK(error.code() == errc::no_backend);
  CHECK_THAT(error.message(), contains("no adapter"));
}

TEST_CASE("a load whose token starts it when the pool is gone ends with pool_closed") {
  auto pool = std::make_unique<ResourcePool<>>(quiet());
  auto deferred = pool->async_load(digits(), {}, asio::experimental::deferred);
  pool.reset();
  auto loading = std::move(deferred)(asio::use_future);
  CHECK(error_of([&] { loading.get(); }).code() == errc::pool_closed);
}

TEST_CASE("execute_concurrent keeps the order and gives each item its own error") {
  ResourcePool pool(quiet());
  const ServingTab first(pool.join_url()), second(pool.join_url());
  const Model one = pool.load(digits()), two = pool.load(digits(), {.name = "two"});
  std::vector<std::pair<Model, Inputs>> requests;
  for (int i = 0; i < 12; ++i)
    requests.emplace_back(i % 2 ? one : two, i == 5 ? Inputs{} : picture(static_cast<float>(i)));
  const auto results = pool.execute_concurrent(std::move(requests));
  REQUIRE(results.size() == 12);
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(results[i].has_value() == (i != 5));
    if (results[i].has_value())
      CHECK(first_of(*results[i]) == static_cast<float>(i));
    else
      CHECK(results[i].error().code() == errc::missing_input);
  }
}

// --- tabs

TEST_CASE("many threads get their own replies from several tabs") {
  ResourcePool pool(quiet());
  const ServingTab tabs[3]{ServingTab(pool.join_url()), ServingTab(pool.join_url()), ServingTab(pool.join_url())};
  const Model model = pool.load(digits(), {.replicas = 3});
  constexpr int each = 200, number = 8;
  std::atomic<int> right = 0, wrong = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < number; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < each; ++i) {
        const auto value = static_cast<float>(thread * each + i);
        ++(first_of(model(picture(value))) == value ? right : wrong);
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == each * number);
  CHECK(wrong == 0);
  for (const auto& tab : tabs) CHECK(tab.runs() > 0);

  const Metrics metrics = pool.metrics();
  CHECK(metrics.submitted == each * number);
  CHECK(metrics.completed == each * number);
  CHECK(metrics.failed + metrics.cancelled + metrics.expired + metrics.queued + metrics.in_flight +
            metrics.late_replies ==
        0);
  CHECK(metrics.connections == 3);
  CHECK(metrics.workers == 3);
  CHECK(metrics.loads == 3);
  CHECK(metrics.memory_bytes == 3000);
  const auto stats = pool.execution_stats();
  REQUIRE(stats.size() == 1);
  CHECK(stats[0].model == "digits");
  CHECK(stats[0].browser == Browser::firefox);
  CHECK(stats[0].completed == each * number);
  CHECK(stats[0].failed == 0);
  CHECK(stats[0].p50_ms > 0);
  CHECK(stats[0].p50_ms <= stats[0].p95_ms);
}

TEST_CASE("tabs that leave and join lose no request without an error") {
  ResourcePool pool(quiet());
  auto first = std::make_unique<ServingTab>(pool.join_url());
  const Model model = pool.load(digits());
  CHECK(first_of(model(picture(1))) == 1.0F);
  first->leave();
  CHECK(within(patience, [&] { return pool.metrics().connections == 0; }));

  Ends ends;
  model.async_run(picture(2), ends.handler());  // waits for whoever comes
  const ServingTab second(pool.join_url());
  REQUIRE(ends.reach(1));
  REQUIRE(ends.results().size() == 1);
  CHECK(first_of(ends.results()[0]) == 2.0F);
  const Metrics metrics = pool.metrics();
  CHECK(metrics.joins == 2);
  CHECK(metrics.losses == 1);
}

TEST_CASE("requests end exactly once while tabs come and go") {
  ResourcePool pool(quiet());
  const ServingTab steady(pool.join_url());
  const Model model = pool.load(digits(), {.replicas = 2});
  Ends ends;
  constexpr std::size_t number = 300;
  std::thread visitors([&] {
    for (int i = 0; i < 6; ++i) {
      ServingTab visitor(pool.join_url());
      std::this_thread::sleep_for(30ms);
    }
  });
  for (std::size_t i = 0; i < number; ++i) {
    model.async_run(picture(static_cast<float>(i)), ends.handler());
    std::this_thread::sleep_for(1ms);
  }
  visitors.join();
  REQUIRE(ends.reach(number));
  std::this_thread::sleep_for(20ms);
  CHECK(ends.count() == number);
  for (const Error& error : ends.errors()) CHECK(error.code() == errc::connection_lost);
  const Metrics metrics = pool.metrics();
  CHECK(metrics.submitted == number);
  CHECK(metrics.completed == ends.results().size());
  CHECK(metrics.failed == ends.errors().size());
}

TEST_CASE("on_join tells of each tab that joins from then on") {
  ResourcePool pool(quiet());
  const RawTab before(pool.join_url());
  std::promise<std::pair<BrowserInfo, std::size_t>> joined;
  pool.on_join([&](const BrowserInfo& browser) { joined.set_value({browser, pool.metrics().connections}); });
  const RawTab tab(pool.join_url(), "", "chromium");
  const auto [browser, connections] = joined.get_future().get();
  CHECK(browser.browser == Browser::chromium);
  CHECK(browser.version == "1.0");
  CHECK(connections == 2);
}

// --- the end

TEST_CASE("closing ends running and waiting requests and loads, and dismisses the tabs") {
  PoolOptions options = quiet();
  options.connection.requests_in_flight = 1;
  Stage stage(std::move(options));
  Ends ends;
  for (int i = 0; i < 5; ++i) stage.model->async_run(picture(), ends.handler());
  stage.run();
  auto loading = stage.pool.async_load(digits(), {.name = "other"}, asio::use_future);
  auto asking = std::async(std::launch::async, [&] { return next(stage.tab.socket, "close").text("message"); });
  stage.pool.close();
  CHECK(ends.count() == 5);
  for (const Error& error : ends.errors()) {
    CHECK(error.code() == errc::pool_closed);
    CHECK(error.message() == "the pool was closed before the request ended");
  }
  const Error error = error_of([&] { loading.get(); });
  CHECK(error.code() == errc::pool_closed);
  CHECK_THAT(error.message(), contains("model 'other'"));
  CHECK(asking.get() == "the pool is closing");

  CHECK_NOTHROW(stage.pool.close());
  const Metrics metrics = stage.pool.metrics();
  CHECK(metrics.failed == 5);
  CHECK(metrics.connections == 0);
  CHECK_FALSE(stage.pool.has_model("digits"));
  CHECK(error_of([&] { stage.pool.load(digits()); }).code() == errc::pool_closed);
  auto late = stage.pool.async_load(digits(), {}, asio::use_future);
  CHECK(error_of([&] { late.get(); }).code() == errc::pool_closed);
  CHECK_THROWS(TcpStream(stage.tab.port));
}

TEST_CASE("the destructor ends requests that are under way") {
  Ends ends;
  {
    ResourcePool pool(quiet());
    const ServingTab tab(pool.join_url(), [](RawWorker&, const Received&) {});  // never answers
    const Model model = pool.load(digits());
    for (int i = 0; i < 100; ++i) model.async_run(picture(), ends.handler());
    CHECK(within(patience, [&] { return tab.runs() > 0; }));
    pool.close();
    CHECK(ends.count() == 100);
  }
  for (const Error& error : ends.errors()) CHECK(error.code() == errc::pool_closed);
}

TEST_CASE("a pool that polls keeps a core busy while one request is unanswered, and can be closed meanwhile") {
  const auto spent = [] { return std::chrono::duration<double>(double(std::clock()) / CLOCKS_PER_SEC); };
  PoolOptions options = quiet();
  options.busy_poll = 1h;
  std::atomic<bool> answers = true;
  ResourcePool pool(std::move(options));
  const ServingTab tab(pool.join_url(), [&](RawWorker& worker, const Received& run) {
    if (answers) worker.answer(run);
  });
  const Model model = pool.load(digits());
  for (int i = 0; i < 20; ++i) CHECK(model(picture(1)).where().backend == Backend::wasm);
  answers = false;
  Ends ends;
  model.async_run(picture(), ends.handler());
  const auto before = spent();
  CHECK(within(3s, [&] { return spent() - before > 20ms; }));
  pool.close();
  REQUIRE(ends.errors().size() == 1);
  CHECK(ends.errors()[0].code() == errc::pool_closed);
}

TEST_CASE("a pool closes beside threads that use it") {
  ResourcePool pool(quiet());
  const ServingTab tab(pool.join_url());
  const Model model = pool.load(digits());
  std::atomic<bool> closed = false;
  std::atomic<unsigned> other_errors = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      while (!closed) {
        try {
          model(picture());
          pool.metrics();
        } catch (const Error& error) {
          if (error.code() != errc::pool_closed) ++other_errors;
          return;
        }
      }
    });
  std::this_thread::sleep_for(50ms);
  std::thread other([&] { pool.close(); });
  pool.close();
  closed = true;
  other.join();
  for (auto& thread : threads) thread.join();
  CHECK(other_errors == 0);
  CHECK(pool.metrics().in_flight == 0);
}

TEST_CASE("a tab that does not answer the closing holds the pool up for seconds only") {
  auto pool = std::make_unique<ResourcePool<>>(quiet());
  const RawTab silent(pool->join_url());
  const auto start = std::chrono::steady_clock::now();
  pool.reset();
  CHECK(std::chrono::steady_clock::now() - start < 10s);
}

TEST_CASE("handlers that own a model don't keep the pool alive") {
  const auto alive = std::make_shared<int>();
  {
    ResourcePool pool(quiet());
    const ServingTab tab(pool.join_url());
    const Model model = pool.load(digits(), {.progress = [alive](const LoadProgress&) {}});
    pool.on_join([model, alive](const BrowserInfo&) {});
  }
  CHECK(alive.use_count() == 1);
}
