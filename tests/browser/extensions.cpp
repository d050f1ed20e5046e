// What applications add: modules in the pages, backends of their own, models from elsewhere.

#include <atomic>
#include <fstream>
#include <mutex>
#include <webpool/register_backend.hpp>

#include "../support/onnx_file.hpp"
#include "http_origin.hpp"
#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;
using support::contains;

namespace {

const std::filesystem::path modules = support::root / "tests" / "browser" / "modules";

/// Both browsers, and everything that the pool logs.
struct Hall {
  explicit Hall(PoolOptions given = support::one_of_each({Browser::chromium, Browser::firefox})) {
    given.log = [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex);
      log += std::string(line) + '\n';
    };
    options = std::move(given);
  }
  bool logged(const std::string& part) {
    return support::within(30s, [&] {
      const std::lock_guard lock(mutex);
      return contains(log, part);
    });
  }

  std::mutex mutex;
  std::string log;
  PoolOptions options;
};

/// Messages by their senders' browsers.
class Mailbox {
 public:
  MessageHandler handler() {
    return [this](const PageMessage& message) {
      const std::lock_guard lock(mutex_);
      mail_[message.browser.browser] = {message.connection, std::string(message.body), message.tensors};
    };
  }
  struct Letter {
    ConnectionId from;
    std::string body;
    std::vector<NamedTensor> tensors;
  };
  Letter of(Browser browser) {
    Letter letter;
    CHECK(support::within(60s, [&] {
      const std::lock_guard lock(mutex_);
      const auto found = mail_.find(browser);
      if (found != mail_.end()) letter = found->second;
      return found != mail_.end();
    }));
    return letter;
  }

 private:
  std::mutex mutex_;
  std::map<Browser, Letter> mail_;
};

std::filesystem::path sum_model(const std::filesystem::path& folder) {
  using testing::OnnxValue;
  const std::vector<OnnxValue> inputs{{"a", {{"rows", 3}}}, {"b", {{"rows", 3}}}}, outputs{{"sum", {{"rows", 3}}}};
  const std::string bytes = testing::onnx_file(inputs, outputs, {{"Add", {"a", "b"}, {"sum"}}});
  std::ofstream(folder / "sum.onnx", std::ios::binary) << bytes;
  return folder / "sum.onnx";
}

Inputs summands() {
  return {{"a", Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3})},
          {"b", Tensor::from(std::vector<float>{0.5F, -2, 1e6F, 0.1F, 0.2F, 0.3F}, {2, 3})}};
}

}  // namespace

TEST_CASE("modules of the application speak with the program, in each browser", "[browser]") {
  Hall hall;
  hall.options.page_modules = {modules / "broken.js", modules / "greet.js"};
  BrowserPool pool(hall.options);
  Mailbox hellos, doubles, refusals;
  pool.on_message("hello", hellos.handler());
  pool.on_message("doubled", doubles.handler());
  pool.on_message("refused", refusals.handler());
  REQUIRE(support::joined(pool, 2));

  for (const Browser browser : {Browser::chromium, Browser::firefox}) {
    CAPTURE(browser);
    const auto hello = hellos.of(browser);
    CHECK(contains(hello.body, browser == Browser::firefox ? "Firefox/" : "Chrome/"));
    CHECK(contains(hello.body, R"("text":"grüß \"Gott\" 🙂")"));
    CHECK(pool.send_message(hello.from, "double", R"({"n": [1, null]})",
                            {{"x", Tensor::from(std::vector<float>{1.5F, -2}, {2})},
                             {"y", Tensor::from(std::vector<std::uint8_t>{7}, {1, 1})}}));
    const auto doubled = doubles.of(browser);
    CHECK(doubled.from == hello.from);
    CHECK(doubled.body == R"({"n":[1,null],"names":["x","y"]})");
    REQUIRE(doubled.tensors.size() == 2);
    CHECK(doubled.tensors[0].tensor.as<float>()[0] == 3);
    CHECK(doubled.tensors[0].tensor.as<float>()[1] == -4);
    CHECK(doubled.tensors[1].tensor.as<std::uint8_t>()[0] == 14);
    CHECK(doubled.tensors[1].tensor.shape() == Shape{1, 1});
  }

  // A module that can't be imported, handlers that throw or are not there: told, and the tabs live on.
  CHECK(pool.broadcast_message("fail", "null") == 2);
  CHECK(pool.broadcast_message("stranger", "null") == 2);
  CHECK(support::within(30s, [&] { return pool.metrics().page_troubles == 6; }));
  for (const std::string browser : {"chromium ", "firefox "}) {
    CHECK(hall.logged(browser));
    CHECK(hall.logged("/modules/broken.js: this module is broken on purpose"));
    CHECK(hall.logged("message fail: out of milk"));
    CHECK(hall.logged("message stranger: no module of this page handles it"));
  }
  CHECK(pool.broadcast_message("wrong", "null") == 2);
  for (const Browser browser : {Browser::chromium, Browser::firefox}) {
    const std::string refused = refusals.of(browser).body;
    CAPTURE(refused);
    CHECK_FALSE(contains(refused, "\"sent\""));
    for (const char* words : {"a string of 1 to 1024 bytes", "must be a JSON value", "at most 524288 are allowed",
                              "half a surrogate pair", "takes 12 bytes"})
      CHECK(contains(refused, words));
  }
  CHECK(pool.metrics().connections == 2);
  CHECK(pool.metrics().losses == 0);
  const Model digits = pool.load(support::digits_file, {.backends = {Backend::wasm}, .replicas = 2});
  CHECK(digits(support::picture(3))["probabilities"].shape() == Shape{1, 10});
}

TEST_CASE("a backend of the application computes beside the page's own", "[browser]") {
  const Backend absent = register_backend({"absent", modules / "absent.js"}),
                broken = register_backend({"broken", modules / "broken.js"}),
                plain = register_backend({"plain", modules / "plain.js"});
  const support::Scripts scripts;
  const auto file = sum_model(scripts.folder());
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox}));
  REQUIRE(support::joined(pool, 2));
  for (const Browser browser : {Browser::chromium, Browser::firefox}) {
    CAPTURE(browser);
    const Model own = pool.load(file, {.backends = {absent, broken, plain, Backend::wasm}, .browsers = {browser}});
    const Model reference = pool.load(file, {.name = "reference", .backends = {Backend::wasm}, .browsers = {browser}});
    const Outputs outputs = own(summands()), expected = reference(summands());
    CHECK(expected.where().backend == Backend::wasm);
    CHECK(support::values(outputs, "sum") == support::values(expected, "sum"));  // one rounding each: the same bits
    CHECK(outputs["sum"].shape() == Shape{2, 3});
    CHECK(outputs.where().backend == plain);
    CHECK(outputs.where().browser.browser == browser);
    CHECK(support::printed(outputs.where()) == std::string(to_string(browser)) + "/plain");
    const auto& passed_over = outputs.where().passed_over;
    REQUIRE(passed_over.size() == 2);
    CHECK(passed_over[0].backend == absent);
    CHECK(passed_over[0].message == "no accelerator is plugged in");
    CHECK(passed_over[1].backend == broken);
    CHECK(contains(passed_over[1].message, "/backends/broken.js could not be imported: this module is broken"));

    const auto stats = pool.execution_stats();
    CHECK(std::ranges::count(stats, plain, &ExecutionStats::backend) == 1);

    // The place in the list is the priority.
    const Model second = pool.load(file, {.name = "second", .backends = {Backend::wasm, plain}, .browsers = {browser}});
    CHECK(second(summands()).where().backend == Backend::wasm);
    // What a backend can't hold goes on to the next one.
    const Model digits = pool.load(support::digits_file, {.backends = {plain, Backend::wasm}, .browsers = {browser}});
    const Outputs digit = digits(support::picture(1));
    CHECK(digit.where().backend == Backend::wasm);
    REQUIRE(digit.where().passed_over.size() == 1);
    CHECK(digit.where().passed_over[0].backend == plain);
    CHECK(contains(digit.where().passed_over[0].message, "only models of one Add run here; this one is "));
  }
  const Error none = support::error_of([&] { pool.load(file, {.name = "none", .backends = {absent}}); });
  CHECK(none.code() == errc::no_backend);
  CHECK(contains(none.message(), "absent: no accelerator is plugged in"));
}

TEST_CASE("tabs fetch a model from another origin, and believe only its hash", "[browser]") {
  const std::string bytes = support::contents(support::digits_file);
  std::string forged = bytes;
  forged[bytes.size() / 2] = static_cast<char>(forged[bytes.size() / 2] ^ 1);
  support::HttpOrigin origin({{"/digits.onnx", bytes}, {"/forged.onnx", forged}, {"/half.onnx", bytes.substr(0, 999)}});
  auto options = support::one_of_each({Browser::chromium, Browser::firefox});
  options.model_origins = {origin.address()};
  BrowserPool pool(options);
  REQUIRE(support::joined(pool, 2));
  const auto native = support::native(support::digits_file, "probabilities", {support::picture(4)})[0];
  for (const Browser browser : {Browser::chromium, Browser::firefox}) {
    CAPTURE(browser);
    const auto load = [&](const std::string& path) {
      return pool.load(support::digits_file,
                       {.backends = {Backend::wasm}, .browsers = {browser}, .url = origin.address() + path});
    };
    const Error wrong = support::error_of([&] { load("/forged.onnx"); });
    CAPTURE(wrong.message());
    CHECK(wrong.code() == errc::load_failed);
    CHECK(contains(wrong.message(), origin.address() + "/forged.onnx has the SHA-256 "));
    const Error half = support::error_of([&] { load("/half.onnx"); });
    CHECK(half.code() == errc::load_failed);
    CHECK(contains(half.message(), "999 of " + std::to_string(bytes.size()) + " bytes came"));
    const Error absent = support::error_of([&] { load("/absent.onnx"); });
    CHECK(absent.code() == errc::load_failed);
    CHECK(contains(absent.message(), "HTTP 404"));

    const std::size_t before = origin.count("/digits.onnx");
    const Outputs outputs = load("/digits.onnx")(support::picture(4));
    CHECK(origin.count("/digits.onnx") == before + 1);
    CHECK(outputs.where().browser.browser == browser);
    CHECK(support::difference(support::values(outputs, "probabilities"), native) <= support::tolerance(Backend::wasm));
  }
  CHECK(pool.metrics().losses == 0);
}
