// Models that browsers keep, and those that they have to fetch again.

#include <cmath>
#include <fstream>

#include "../support/onnx_file.hpp"
#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;

namespace {

/// A model of one operator; all such models with operators of three letters have the same size.
std::string one_operator(const std::string& op) {
  const testing::OnnxValue x{"x", {{8}}}, y{"y", {{8}}};
  return testing::onnx_file({x}, {y}, {{op, {"x"}, {"y"}}});
}

struct Cache {
  explicit Cache(std::uint64_t limit, std::vector<Browser> kinds) : options(support::one_of_each(std::move(kinds))) {
    for (const Browser kind : options.browsers) options.browser_options[kind].model_cache_bytes = limit;
    for (const std::string op : {"Abs", "Neg", "Exp"})
      std::ofstream(folder.folder() / (op + ".onnx"), std::ios::binary) << one_operator(op);
  }

  /// Loads the model, runs it, and releases it. Whether its bytes were in the browser's cache.
  bool load(Pool& pool, Browser kind, const std::string& op) {
    const auto hits = pool.metrics().model_cache_hits;
    const Model model = pool.load(folder.folder() / (op + ".onnx"), {.backends = {Backend::wasm}, .browsers = {kind}});
    const Outputs outputs = model({{"x", Tensor::from(std::vector<float>(8, -2), {8})}});
    const float y = outputs["y"].as<float>()[7];
    CHECK(std::abs(y - (op == "Exp" ? std::exp(-2.F) : 2.F)) < 1e-6F);
    return pool.metrics().model_cache_hits > hits;
  }

  support::Scripts folder;
  PoolOptions options;
};

const std::uint64_t size = one_operator("Abs").size();
const std::vector<Browser> kinds{Browser::chromium, Browser::firefox};

}  // namespace

TEST_CASE("a browser keeps the models used last, up to its limit, and fetches others again", "[browser]") {
  Cache cache(2 * size + size / 2, kinds);
  BrowserPool pool(cache.options);
  REQUIRE(support::joined(pool, kinds.size()));
  for (const Browser kind : kinds) {
    CAPTURE(kind);
    CHECK_FALSE(cache.load(pool, kind, "Abs"));
    CHECK_FALSE(cache.load(pool, kind, "Neg"));
    CHECK(cache.load(pool, kind, "Abs"));
    CHECK_FALSE(cache.load(pool, kind, "Exp"));  // Neg leaves
    CHECK(cache.load(pool, kind, "Abs"));
    CHECK(cache.load(pool, kind, "Exp"));
    CHECK_FALSE(cache.load(pool, kind, "Neg"));  // Abs leaves
    CHECK(cache.load(pool, kind, "Exp"));
    CHECK_FALSE(cache.load(pool, kind, "Abs"));
  }
}

TEST_CASE("a model larger than the limit is not kept, and puts nothing out", "[browser]") {
  for (const std::uint64_t limit : {std::uint64_t{0}, size - 1}) {
    Cache cache(limit, {Browser::chromium});
    BrowserPool pool(cache.options);
    REQUIRE(support::joined(pool, 1));
    CHECK_FALSE(cache.load(pool, Browser::chromium, "Abs"));
    CHECK_FALSE(cache.load(pool, Browser::chromium, "Abs"));
  }
}
