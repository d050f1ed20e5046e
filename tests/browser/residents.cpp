// Tensors that stay in the tabs of real browsers, and the models that share them.

#include <cstdint>
#include <vector>
#include <webpool/driver/kernel_file.hpp>

#include "../support/byte_sources.hpp"
#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;
using support::contains;

namespace {

const std::filesystem::path text = support::models / "text";
const std::vector<const char*> heads{"topic", "language", "sentence"};

struct Place {
  Browser browser;
  Backend backend;
};
std::ostream& operator<<(std::ostream& out, Place place) { return out << place.browser << '/' << place.backend; }

const std::vector<Place> places{{Browser::chromium, Backend::webgpu},       {Browser::chromium, Backend::wasm},
                                {Browser::firefox, Backend::webgpu},        {Browser::firefox, Backend::wasm},
                                {Browser::headless_shell, Backend::webgpu}, {Browser::headless_shell, Backend::webnn}};

std::vector<ModelSource> trunk_and_heads() {
  std::vector<ModelSource> parts{text / "encoder.onnx"};
  for (const char* head : heads) parts.push_back(text / (std::string(head) + ".onnx"));
  return parts;
}

double difference(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, static_cast<double>(std::abs(a[i] - b[i])));
  return most;
}

bool close(std::span<const float> a, std::span<const float> b, double tolerance) {
  return difference(a, b) <= tolerance;
}

Kernel twice() {
  return {.name = "twice",
          .wgsl = R"(
@compute @workgroup_size(workgroup_x)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < extents.rows * 256) { doubled[id.x] = 2 * pooled[id.x]; }
})",
          .inputs = {{.name = "pooled", .shape = {"rows", 256}}},
          .outputs = {{.name = "doubled", .shape = {"rows", 256}}},
          .passes = {{.invocations = {"rows * 256", "1", "1"}}}};
}

}  // namespace

TEST_CASE("one trunk serves three heads without leaving its device, with native ONNX Runtime's results", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox, Browser::headless_shell}));
  REQUIRE(support::joined(pool, 3));
  std::vector<Inputs> sentences;
  for (std::size_t i = 0; i < 2; ++i) sentences.push_back(support::sentence(i));
  const auto vectors = support::native(text / "encoder.onnx", "pooled", sentences);
  std::vector<std::vector<std::vector<float>>> expected;
  for (const char* head : heads) {
    std::vector<Inputs> pooled;
    for (const auto& vector : vectors) pooled.push_back({{"pooled", Tensor::from(vector, {1, 256})}});
    expected.push_back(support::native(text / (std::string(head) + ".onnx"), "probabilities", pooled));
  }
  for (const Place& place : places) {
    CAPTURE(place);
    const auto models = pool.load_together(
        trunk_and_heads(),
        {.backends = {place.backend}, .browsers = {place.browser}, .free_dimensions = {{"batch", 1}}});
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      const Outputs kept = models[0](sentences[i], {.keep_on_device = {"pooled"}});
      REQUIRE(kept["pooled"].device());
      CHECK(kept.where().backend == place.backend);
      for (std::size_t head = 0; head < heads.size(); ++head) {
        const Outputs outputs = models[head + 1]({{"pooled", kept["pooled"]}});
        CHECK(close(outputs["probabilities"].as<float>(), expected[head][i], 12 * support::tolerance(place.backend)));
      }
      // And the other way round: bytes of the program, and an output that was kept and is copied.
      const Tensor copy = kept["pooled"].to_host();
      CHECK(close(copy.as<float>(), vectors[i], support::tolerance(place.backend)));
      CHECK(close(kept["pooled"].to_host().as<float>(), copy.as<float>(), 0));  // reading changes nothing
      CHECK(close(models[1]({{"pooled", copy}})["probabilities"].as<float>(), expected[0][i],
                  12 * support::tolerance(place.backend)));
    }
    CHECK(pool.metrics().device_tensors == 0);
  }
}

TEST_CASE("kernels and models take each other's tensors on the device", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox, Browser::headless_shell}));
  REQUIRE(support::joined(pool, 3));
  const Inputs sentence = support::sentence(5);
  const auto vector = support::native(text / "encoder.onnx", "pooled", {sentence}).at(0);
  std::vector<float> doubled = vector, fourfold = vector;
  for (float& each : doubled) each *= 2;
  for (float& each : fourfold) each *= 4;
  const auto scores =
      support::native(text / "topic.onnx", "probabilities", {{{"pooled", Tensor::from(doubled, {1, 256})}}}).at(0);
  for (const Browser kind : {Browser::chromium, Browser::firefox, Browser::headless_shell}) {
    CAPTURE(kind);
    // The kernel comes first here and shares the device of ONNX Runtime all the same.
    const auto models = pool.load_together({twice(), text / "encoder.onnx", text / "topic.onnx"},
                                           {.browsers = {kind}, .free_dimensions = {{"batch", 1}}});
    const Outputs encoded = models[1](sentence, {.keep_on_device = {"pooled"}});
    const Outputs kept = models[0]({{"pooled", encoded["pooled"]}}, {.keep_on_device = {"doubled"}});
    CHECK(kept.where().backend == Backend::webgpu);
    CHECK(close(models[2]({{"pooled", kept["doubled"]}})["probabilities"].as<float>(), scores, 5e-3));
    CHECK(close(kept["doubled"].to_host().as<float>(), doubled, support::tolerance(Backend::webgpu)));
    const Outputs again = models[0]({{"pooled", kept["doubled"]}});
    CHECK(close(again["doubled"].as<float>(), fourfold, support::tolerance(Backend::webgpu)));
    CHECK(close(kept["doubled"].to_host().as<float>(), doubled, support::tolerance(Backend::webgpu)));
  }
}

TEST_CASE("a tensor is copied to a model that is elsewhere, and goes with its tab", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox}));
  REQUIRE(support::joined(pool, 2));
  const auto there =
      pool.load_together(trunk_and_heads(), {.backends = {Backend::webgpu}, .browsers = {Browser::chromium}});
  const Model elsewhere = pool.load(text / "topic.onnx", {.backends = {Backend::wasm}, .browsers = {Browser::firefox}});
  const Outputs kept = there[0](support::sentence(1), {.keep_on_device = {"pooled"}});
  // With a free batch, the runtime computes shapes on the CPU, and says so.
  const auto& placements = kept.where().placements;
  REQUIRE(kept.where().cpu_fallback);
  CHECK(std::ranges::count(placements, "CPU", &NodePlacement::provider) == 1);
  CHECK(std::ranges::count(placements, "WebGpu", &NodePlacement::provider) == 1);
  CHECK(std::ranges::all_of(placements, [](const auto& each) { return each.nodes > 0 && !each.operators.empty(); }));

  const Outputs here = there[1]({{"pooled", kept["pooled"]}}), copied = elsewhere({{"pooled", kept["pooled"]}});
  CHECK(copied.where().browser.browser == Browser::firefox);
  CHECK(close(here["probabilities"].as<float>(), copied["probabilities"].as<float>(), 2e-3));
  CHECK(pool.metrics().device_copies == 1);
  CHECK(pool.metrics().device_bytes == 1024);

  for (const pid_t process : support::descendants_with("--user-data-dir")) ::kill(process, SIGKILL);
  REQUIRE(support::within(60s, [&] { return kept["pooled"].device()->lost(); }));
  const Error lost = support::error_of([&] { there[1]({{"pooled", kept["pooled"]}}); });
  CHECK(lost.code() == errc::tensor_lost);
  CHECK(support::error_of([&] { elsewhere({{"pooled", kept["pooled"]}}); }).code() == errc::tensor_lost);
  CHECK(pool.metrics().device_tensors == 0);
}

TEST_CASE("buffers of tensors that stayed are given back", "[browser]") {
  PoolOptions options = support::one_of_each({Browser::chromium, Browser::firefox});
  const auto modules = support::root / "tests" / "browser" / "modules";
  options.page_modules = {modules / "buffer_counts.js", modules / "resident_buffers.js"};
  BrowserPool pool(options);
  REQUIRE(support::joined(pool, 2));
  ModelOptions how;
  const std::string kernel = testing::text_of(driver::make_kernel_file(twice(), how).source);
  for (const ConnectionInfo& tab : pool.connections()) {
    CAPTURE(tab.browser.browser);
    std::promise<std::string> counts;
    pool.on_message("counts", [&](const PageMessage& message) { counts.set_value(std::string(message.body)); });
    REQUIRE(pool.send_message(tab.id, "count", kernel));
    auto answer = counts.get_future();
    REQUIRE(answer.wait_for(60s) == std::future_status::ready);
    // Two are the kernel's own, for its input and for extents. An output that stays is one more until its release; a
    // copy to the host leaves none.
    CHECK(answer.get() == R"([{"kept":1,"live":3},{"kept":2,"live":4},{"read":true,"live":4},{"kept":1,"live":3},)"
                          R"({"kept":0,"live":2},{"live":0}])");
  }
}
