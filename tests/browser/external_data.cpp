// Models whose weights lie in files beside them, on every backend of every browser.

#include <filesystem>
#include <fstream>
#include <random>
#include <webpool/driver/served_file.hpp>

#include "../support/onnx_file.hpp"
#include "support.hpp"

using namespace webpool;
using support::BrowserPool;
using support::contains;
using testing::OnnxWeight;

namespace {

using support::kinds;

std::vector<float> numbers(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> draw(-1, 1);
  std::vector<float> values(count);
  for (float& each : values) each = draw(random);
  return values;
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// y = relu(x * w + b) * v, with its weights in the file or in two beside it.
struct Network {
  Network() {
    write(folder.folder() / "inner.onnx", model());
    write(folder.folder() / "weights.bin", w.bytes() + std::string(4096, '-') + v.bytes());
    write(folder.folder() / "bias.data", b.bytes());
    w.external = {{"location", "weights.bin"}, {"offset", "0"}, {"length", std::to_string(w.bytes().size())}};
    v.external = {{"location", "weights.bin"}, {"offset", std::to_string(w.bytes().size() + 4096)}};
    b.external = {{"location", "bias.data"}};
    write(folder.folder() / "outer.onnx", model());
  }

  std::string model() const {
    return testing::onnx_file({{"x", {{1, 64}}}}, {{"y", {{1, 16}}}},
                              {{"MatMul", {"x", "w"}, {"xw"}},
                               {"Add", {"xw", "b"}, {"xwb"}},
                               {"Relu", {"xwb"}, {"r"}},
                               {"MatMul", {"r", "v"}, {"y"}}},
                              {w, b, v});
  }

  support::Scripts folder;
  OnnxWeight w{"w", {64, 32}, numbers(64 * 32, 1)}, b{"b", {32}, numbers(32, 2)}, v{"v", {32, 16}, numbers(32 * 16, 3)};
  Inputs input{{"x", Tensor::from(numbers(64, 4), {1, 64})}};
};

std::vector<float> floats(const Outputs& outputs) {
  const auto y = outputs["y"].as<float>();
  return {y.begin(), y.end()};
}

}  // namespace

TEST_CASE("weights beside the model give the results of weights inside of it, and of native ONNX Runtime",
          "[browser]") {
  const Network network;
  const auto reference = support::native(network.folder.folder() / "inner.onnx", "y", {network.input}).at(0);
  BrowserPool pool(support::one_of_each(kinds));
  REQUIRE(support::joined(pool, kinds.size()));
  for (const Browser kind : kinds) {
    std::vector<Backend> backends{Backend::wasm, Backend::webgpu};
    if (kind == Browser::headless_shell) backends.push_back(Backend::webnn);
    for (const Backend backend : backends) {
      CAPTURE(kind, backend);
      std::vector<std::pair<std::size_t, std::size_t>> fetched;
      const ModelOptions there{.backends = {backend}, .browsers = {kind}, .progress = [&](const LoadProgress& news) {
                                 if (news.stage == "fetch") fetched.emplace_back(news.done, news.total);
                               }};
      const Outputs outer = pool.load(network.folder.folder() / "outer.onnx", there)(network.input);
      const std::size_t all = std::filesystem::file_size(network.folder.folder() / "outer.onnx") +
                              std::filesystem::file_size(network.folder.folder() / "weights.bin") +
                              std::filesystem::file_size(network.folder.folder() / "bias.data");
      REQUIRE(!fetched.empty());
      CHECK(fetched.back() == std::pair(all, all));
      const Outputs inner = pool.load(network.folder.folder() / "inner.onnx", there)(network.input);
      CHECK(outer.where().backend == backend);
      CHECK(floats(outer) == floats(inner));
      CHECK(support::difference(floats(outer), reference) < support::tolerance(backend));
    }
  }
  // The files beside it are kept by content like the model itself: later backends of a browser had them already.
  CHECK(pool.metrics().model_cache_hits == pool.metrics().loads - 2 * kinds.size());
}

TEST_CASE("a file beside a model that changes before a tab fetches it is told by its name", "[browser]") {
  const Network network;
  const std::filesystem::path weights = network.folder.folder() / "weights.bin";
  std::filesystem::resize_file(weights, driver::most_in_memory + 1);  // so that it stays on disk
  PoolOptions options = support::one_of_each({Browser::chromium, Browser::firefox});
  options.model_initializer = [&](std::string_view, const ModelInfo&, ModelOptions&) {
    std::fstream(weights, std::ios::binary | std::ios::in | std::ios::out) << "changed";  // it has been hashed by now
  };
  BrowserPool pool(options);
  REQUIRE(support::joined(pool, 2));
  for (const Browser kind : options.browsers) {
    write(weights, network.w.bytes() + std::string(4096, '-') + network.v.bytes());
    std::filesystem::resize_file(weights, driver::most_in_memory + 1);
    const Error error = support::error_of(
        [&] { pool.load(network.folder.folder() / "outer.onnx", {.backends = {Backend::wasm}, .browsers = {kind}}); });
    CHECK(error.code() == errc::load_failed);
    CAPTURE(error.message());
    CHECK(contains(error.message(), "\"weights.bin\" (/models/"));
    CHECK(contains(error.message(), " has the SHA-256 "));
  }
}

TEST_CASE("a large file beside a model goes to the tabs from the disk", "[browser]") {
  const Network network;
  const auto reference = support::native(network.folder.folder() / "inner.onnx", "y", {network.input}).at(0);
  std::filesystem::resize_file(network.folder.folder() / "weights.bin", driver::most_in_memory + 1);
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox}));
  REQUIRE(support::joined(pool, 2));
  for (const Browser kind : {Browser::chromium, Browser::firefox}) {
    const Model model =
        pool.load(network.folder.folder() / "outer.onnx", {.backends = {Backend::wasm}, .browsers = {kind}});
    CHECK(support::difference(floats(model(network.input)), reference) < support::tolerance(Backend::wasm));
    CHECK(pool.metrics().memory_bytes > driver::most_in_memory);
  }
}
