// What the options change, and what is said where nothing works.

#include <fstream>
#include <set>

#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;
using support::contains;

namespace {

/// A copy of the digits model in which one operator has a name that no runtime knows.
std::filesystem::path broken_model(const std::filesystem::path& folder) {
  std::string bytes = support::contents(support::digits_file);
  const std::string known = "\x22\x04Relu";  // NodeProto.op_type (field 4), four characters
  const auto at = bytes.find(known);
  REQUIRE(at != bytes.npos);
  bytes.replace(at, known.size(), "\x22\x04Rolu");
  std::ofstream(folder / "broken.onnx", std::ios::binary) << bytes;
  return folder / "broken.onnx";
}

/// The stages that a load tells of; read them when it is over.
struct Stages {
  std::set<std::string> seen;
  auto listener() {
    return [this](const LoadProgress& news) { seen.emplace(news.stage); };
  }
};

/// Threads of that name in those of the pool's processes whose command line contains `part`.
std::size_t threads_called(std::string_view name, std::string_view part) {
  std::size_t count = 0;
  for (const pid_t process : support::descendants_with(part)) {
    std::error_code gone;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", gone))
      count += support::contents(thread.path() / "comm").starts_with(name);
  }
  return count;
}

}  // namespace

TEST_CASE("a model that no backend can hold is refused with every reason", "[browser]") {
  support::Scripts scripts;
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox}));
  REQUIRE(support::joined(pool, 2));

  const Error unknown = support::error_of([&] { pool.load(broken_model(scripts.folder())); });
  CAPTURE(unknown.message());
  CHECK(unknown.code() == errc::no_backend);
  CHECK(contains(unknown.message(), "model 'broken'"));
  const auto in_chromium = unknown.message().find("chromium "), in_firefox = unknown.message().find("firefox ");
  REQUIRE(in_chromium != std::string::npos);
  REQUIRE(in_firefox != std::string::npos);
  const auto second = std::max(in_chromium, in_firefox);
  for (const std::string& words : {unknown.message().substr(0, second), unknown.message().substr(second)}) {
    CHECK(contains(words, "webnn: npu: "));
    CHECK(contains(words, "webnn: cpu: "));
    CHECK(contains(words, "webgpu: "));
    CHECK(contains(words, "wasm: "));
    CHECK(contains(words, "Rolu"));  // the runtime's own words
  }

  const Error no_webnn = support::error_of(
      [&] { pool.load(support::digits_file, {.backends = {Backend::webnn}, .browsers = {Browser::firefox}}); });
  CAPTURE(no_webnn.message());
  CHECK(no_webnn.code() == errc::no_backend);
  CHECK(contains(no_webnn.message(), "this browser has no navigator.ml"));
  CHECK_FALSE(contains(no_webnn.message(), "chromium"));

  CHECK(pool.metrics().workers == 0);
  CHECK(pool.metrics().models == 0);
  CHECK(pool.metrics().losses == 0);
  CHECK(pool.load(support::digits_file)(support::picture(1))["probabilities"].shape() == Shape{1, 10});
}

TEST_CASE("a browser that exits at start is reported with its last words", "[browser]") {
  support::Scripts scripts;
  const auto dies = scripts.add("dies", "echo the display is on fire >&2\nexit 3\n");
  const auto began = std::chrono::steady_clock::now();
  BrowserPool pool({.max_connections = 1,
                    .browsers = {Browser::chromium},
                    .browser_options = {{Browser::chromium, {.executable = dies}}}});
  const Error error = support::error_of([&] { pool.load(support::digits_file); });
  CHECK(std::chrono::steady_clock::now() - began < 15s);
  CHECK(error.code() == errc::launch_failed);
  CHECK(contains(error.message(), "model 'digits' can't be loaded: chromium"));
  CHECK(contains(error.message(), "exited with status 3; its last words: the display is on fire"));
  CHECK(pool.metrics().launches == 3);
}

TEST_CASE("a browser whose page never connects is reported", "[browser]") {
  support::Scripts scripts;
  const auto sleeps = scripts.add("sleeps", "exec sleep 600\n");
  const auto began = std::chrono::steady_clock::now();
  BrowserPool pool({.max_connections = 1,
                    .browsers = {Browser::firefox},
                    .browser_options = {{Browser::firefox, {.executable = sleeps}}},
                    .connection = {.connect_timeout = 500ms}});
  const Error error = support::error_of([&] { pool.load(support::digits_file); });
  CHECK(std::chrono::steady_clock::now() - began < 15s);
  CHECK(error.code() == errc::connect_timeout);
  CHECK(error.message() == "model 'digits' can't be loaded: firefox: its page did not connect within 0.5 s");
  pool.close();
  CHECK(support::descendants().empty());
}

TEST_CASE("a launched Chromium draws no page but the pool's", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::chromium}));
  REQUIRE(support::joined(pool, 1));
  CHECK(support::descendants_with("--type=renderer").size() > 0);
  CHECK(support::descendants_with("--top-chrome-webui").empty());
}

TEST_CASE("browser options have their effect", "[browser]") {
  auto options = support::one_of_each({Browser::chromium, Browser::firefox});
  options.browser_options = {
      {Browser::chromium, {.compute_shaders = false, .wasm_threads = 2}},
      {Browser::firefox, {.workgroup_size = {{65536, 1, 1}}, .shader_precompile = false, .wasm_threads = 2}}};
  options.browser_preferences = {{Task::vision, {Browser::firefox, Browser::chromium}},
                                 {Task::audio, {Browser::chromium}}};
  BrowserPool pool(options);
  REQUIRE(support::joined(pool, 2));
  const auto native = support::native(support::digits_file, "probabilities", {support::picture(4)})[0];

  const auto load = [&](ModelOptions how) {
    how.backends = {Backend::webgpu, Backend::wasm};
    return pool.load(support::digits_file, how);
  };
  const auto passed_over = [&](const Outputs& outputs, std::string_view reason) {
    CHECK(support::difference(support::values(outputs, "probabilities"), native) <= support::tolerance(Backend::wasm));
    CHECK(outputs.where().backend == Backend::wasm);
    REQUIRE(outputs.where().passed_over.size() == 1);
    CHECK(outputs.where().passed_over[0].backend == Backend::webgpu);
    CHECK(contains(outputs.where().passed_over[0].message, reason));
  };

  Stages stages;
  {
    const Model model = load({.browsers = {Browser::chromium}, .progress = stages.listener()});
    passed_over(model(support::picture(4)), "BrowserOptions::compute_shaders is off");
    CHECK(stages.seen == std::set<std::string>{"fetch", "create", "warmup"});
    CHECK(threads_called("DedicatedWorker", "--type=renderer") ==
          2);  // the model's worker, and the runtime's second thread
  }
  stages.seen.clear();
  {
    const Model model = load({.browsers = {Browser::firefox}, .progress = stages.listener()});
    passed_over(model(support::picture(4)), "a workgroup of 65536 × 1 × 1 is asked for; this adapter runs at most");
    CHECK(stages.seen == std::set<std::string>{"fetch", "create"});
    CHECK(threads_called("DOM Worker", "-isForBrowser") == 2);
  }
  for (int time = 0; time < 2; ++time) {  // twice, since chance could be right once
    CHECK(load({.name = "a"})(support::picture(4)).where().browser.browser == Browser::firefox);
    CHECK(load({.name = "b", .task = Task::audio})(support::picture(4)).where().browser.browser == Browser::chromium);
  }
}

TEST_CASE("a tab for one model swaps two models that are used in turn", "[browser]") {
  const auto digits_native = support::native(support::digits_file, "probabilities", {support::picture(5)})[0];
  const auto encoder_native = support::native(support::encoder_file, "pooled", {support::sentence(5)})[0];
  const auto in_turn = [&](MemorySettings memory) {
    auto options = support::one_of_each({Browser::chromium});
    options.memory = memory;
    BrowserPool pool(options);
    Stages stages;
    const auto load = [&](const std::filesystem::path& file) {
      return pool.load(file, {.backends = {Backend::wasm}, .progress = stages.listener()});
    };
    const Model digits = load(support::digits_file);
    CHECK(pool.metrics().evictions == 0);
    const Model encoder = load(support::encoder_file);
    CHECK(pool.metrics().evictions == 1);
    CHECK(pool.metrics().workers == 1);
    for (int round = 0; round < 2; ++round) {
      CHECK(support::difference(support::values(digits(support::picture(5)), "probabilities"), digits_native) <=
            support::tolerance(Backend::wasm));
      CHECK(support::difference(support::values(encoder(support::sentence(5)), "pooled"), encoder_native) <=
            support::tolerance(Backend::wasm));
    }
    const Metrics metrics = pool.metrics();
    CHECK(metrics.evictions == 5);
    CHECK(metrics.loads == 6);
    CHECK(metrics.workers == 1);
    CHECK(metrics.models == 2);
    CHECK(metrics.launches == 1);
    CHECK(stages.seen.contains("warmup") == !memory.low_memory_mode);

    std::vector<std::future<Outputs>> runs;
    for (int i = 0; i < 4; ++i) runs.push_back(encoder.async_run(support::sentences(8), asio::use_future));
    CHECK(pool.metrics().in_flight == (memory.low_memory_mode ? 1 : ConnectionSettings{}.requests_in_flight));
    for (auto& run : runs) CHECK(run.get()["pooled"].shape() == Shape{8, 256});
  };
  in_turn({.models_per_connection = 1});
  in_turn({.low_memory_mode = true});
}
