#include <webpool/driver/model_origin.hpp>

#include <asio/use_future.hpp>
#include <stdexcept>
#include <thread>

#include "../support/pool.hpp"

using namespace webpool;
using driver::check_model_url, driver::check_origins, driver::origin_of;

namespace {

template <class Check>
std::string refusal_by(Check check) {
  try {
    check();
  } catch (const Error& error) {
    CHECK(error.code() == errc::invalid_options);
    return error.message();
  }
  return "";
}

std::string complaint(const std::string& url, const std::vector<std::string>& origins = {"https://models.example"}) {
  return refusal_by([&] { check_model_url("digits", url, origins); });
}

}  // namespace

TEST_CASE("an address has the origin that browsers give it") {
  CHECK(origin_of("https://Models.Example/a/b.onnx?x#y") == "https://models.example");
  CHECK(origin_of("https://models.example:443") == "https://models.example");
  CHECK(origin_of("http://models.example:443/") == "http://models.example:443");
  CHECK(origin_of("HTTP://127.0.0.1:80/m") == "http://127.0.0.1");
  CHECK(origin_of("http://[::1]:8080/m") == "http://[::1]:8080");
  CHECK(origin_of("http://[::1]/m") == "http://[::1]");
  CHECK(origin_of("https://models.example?x=http://evil.example") == "https://models.example");
}

TEST_CASE("what has no origin of HTTP has none") {
  for (const char* url :
       {"", "/models/a", "models.example", "//models.example/", "ftp://models.example", "file:///etc/passwd",
        "https://", "https:///a", "https://user@models.example", "https://models.example:", "https://models.example:x",
        "https://a b", "https://a;script-src *", "https://*.example", "https://[::1", "data:text/plain,://x"}) {
    CAPTURE(url);
    CHECK_FALSE(origin_of(url));
  }
}

TEST_CASE("origins are brought into browsers' form, and what is none is refused") {
  CHECK(check_origins("model_origins", {"https://Models.Example:443", "http://127.0.0.1:8080"}) ==
        std::vector<std::string>{"https://models.example", "http://127.0.0.1:8080"});
  for (const std::string each : {"https://models.example/", "https://models.example/a", "models.example", "*", "'self'",
                                 "https://a; script-src *", "https://a http://b", "https://a?b", ""})
    CHECK(refusal_by([&] { check_origins("model_origins", {each}); }) ==
          "model_origins has '" + each +
              "': an origin is a scheme, a host and optionally a port, such as \"https://models.example\"");
}

TEST_CASE("tabs fetch models from the pool and from origins that are named, from nowhere else") {
  CHECK(complaint("/mirror/digits.onnx").empty());
  CHECK(complaint("https://models.example/digits.onnx").empty());
  CHECK(complaint("https://MODELS.example:443/digits.onnx?v=2").empty());
  CHECK(complaint("http://models.example/digits.onnx") ==
        "model 'digits': ModelOptions::url 'http://models.example/digits.onnx' is of the origin http://models.example, "
        "which is not among PoolOptions::model_origins: https://models.example");
  CHECK(complaint("https://other.example/m", {}) ==
        "model 'digits': ModelOptions::url 'https://other.example/m' is of the origin https://other.example, which is "
        "not among PoolOptions::model_origins: there are none");
  for (const std::string url : {"digits.onnx", "//models.example/m", "ftp://models.example/m", "data:,x"})
    CHECK(complaint(url) ==
          "model 'digits': ModelOptions::url '" + url + "' must begin with '/', 'http://' or 'https://'");
  for (const std::string url : {"/\\models.example/m", "/a b", "https://models.example/\n"})
    CHECK(complaint(url) == "model 'digits': ModelOptions::url '" + url + "' has a character that no address may have");
}

// --- in a pool

namespace {

using namespace webpool::testing;

PoolOptions with_origin(const std::string& origin) {
  PoolOptions options = quiet();
  options.model_origins = {origin};
  return options;
}

}  // namespace

TEST_CASE("tabs are told where to fetch, and only workers may connect there") {
  Stage stage(with_origin("https://Models.example"), {.url = "https://models.example/digits.onnx"});
  CHECK_THAT(stage.worker->load_message, contains(R"("url":"https://models.example/digits.onnx")"));
  const auto policy = [&](const char* path) {
    return http_get(stage.tab.port, path).headers.at("content-security-policy");
  };
  CHECK_THAT(policy("/js/worker.js"), contains("connect-src 'self' https://models.example; object-src"));
  for (const char* path : {"/", "/js/page.js", "/nothing"}) CHECK_THAT(policy(path), contains("connect-src 'self'; "));
}

TEST_CASE("a url of no named origin is refused before anything is loaded") {
  ResourcePool pool(with_origin("https://models.example"));
  const auto refusal = [&](const std::string& url) { return error_of([&] { pool.load(digits(), {.url = url}); }); };
  CHECK(refusal("https://other.example/m").code() == errc::invalid_options);
  CHECK_THAT(refusal("https://other.example/m").message(), contains("not among PoolOptions::model_origins"));
  CHECK(pool.metrics().models == 0);
  CHECK(error_of([] { ResourcePool broken(with_origin("models.example")); }).code() == errc::invalid_options);
}

TEST_CASE("the pool's initializer decides for each load, on the thread that reads, before the options are checked") {
  PoolOptions options = quiet();
  std::vector<std::string> seen;
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> waits = true;
  options.model_initializer = [&](std::string_view name, const ModelInfo& info, ModelOptions& how) {
    CHECK((std::this_thread::get_id() == caller) == waits);
    CHECK(info.outputs.at(0).name == "probabilities");
    seen.emplace_back(name);
    if (name == "banned") throw std::out_of_range("not this one");
    if (name == "rescued") how.backends = {Backend::wasm};
    if (name == "broken") how.batching.maximum = 0;
    how.task = Task::audio;
  };
  ResourcePool pool(std::move(options));
  const ServingTab tab(pool.join_url());
  const Model rescued = pool.load(digits(), {.name = "rescued", .backends = {}});
  CHECK(rescued.task() == Task::audio);
  CHECK_THROWS_WITH(pool.load(digits(), {.name = "banned"}), "not this one");
  CHECK(error_of([&] { pool.load(digits(), {.name = "broken"}); }).code() == errc::invalid_options);
  waits = false;
  auto banned = pool.async_load(digits(), {.name = "banned"}, asio::use_future);
  const Error error = error_of([&] { banned.get(); });
  CHECK(error.code() == errc::load_failed);
  CHECK(error.message() == "not this one");
  const auto loaded = pool.async_load(digits(), {}, asio::use_future).get();
  REQUIRE(loaded);
  CHECK(loaded->task() == Task::audio);
  CHECK(seen == std::vector<std::string>{"rescued", "banned", "broken", "banned", "digits"});
}
