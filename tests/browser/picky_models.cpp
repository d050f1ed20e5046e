// Models that take no made-up inputs, requests that a model refuses, and backends that can't do what they took on.

#include <webpool/register_backend.hpp>

#include "../support/onnx_file.hpp"
#include "support.hpp"

using namespace webpool;
using support::BrowserPool;
using support::contains;
using testing::onnx_file;

namespace {

/// The sum of four values, and of no other number of them.
std::string fours() {
  return onnx_file({{"x", {{"n"}}}}, {{"y", std::nullopt}}, {{"MatMul", {"x", "ones"}, {"y"}}},
                   {{"ones", {4}, {1, 1, 1, 1}}});
}

/// Rows of a table by index.
std::string lookup() {
  return onnx_file({{"i", {{"n"}}, 7}}, {{"y", {{"n", 2}}}}, {{"Gather", {"table", "i"}, {"y"}}},
                   {{"table", {3, 2}, {1, 2, 3, 4, 5, 6}}});
}

Inputs four() { return {{"x", Tensor::from(std::vector<float>{1, 2, 3, 4}, {4})}}; }
Inputs index(std::int64_t value) { return {{"i", Tensor::from(std::vector<std::int64_t>{value}, {1})}}; }

ModelBytes bytes(const std::string& model, std::string name) { return {source::memory(model), std::move(name)}; }

}  // namespace

TEST_CASE("a model that takes no made-up inputs loads wherever it runs, with the default options and to compare") {
  BrowserPool& pool = support::shared_pool();
  REQUIRE(support::joined(pool, 3));
  for (const Browser kind : support::kinds)
    for (const bool fastest : {false, true}) {
      CAPTURE(kind, fastest);
      const Model model = pool.load(bytes(fours(), "fours"), {.fastest = fastest, .browsers = {kind}});
      const Outputs outputs = model(four());
      CHECK(support::values(outputs, "y") == std::vector<float>{10});
    }
}

TEST_CASE("a software adapter computes only what was asked of it by name") {
  BrowserPool& pool = support::shared_pool();
  REQUIRE(support::joined(pool, 3));
  for (const Browser kind : {Browser::chromium, Browser::firefox}) {
    CAPTURE(kind);
    const Model model = pool.load(support::digits_file, {.browsers = {kind}});
    const Where where = model(support::picture(3)).where();
    REQUIRE(where.browser.webgpu);
    const bool software = where.browser.webgpu->software == true;
    CHECK(where.backend == (software ? Backend::wasm : Backend::webgpu));
    const Model named = pool.load(support::digits_file, {.backends = {Backend::webgpu}, .browsers = {kind}});
    CHECK(named(support::picture(3)).where().backend == Backend::webgpu);
  }
}

TEST_CASE("a request that the runtime refuses is its caller's fault: it runs once, and nothing is repaired") {
  BrowserPool pool(support::one_of_each({Browser::chromium}));
  const Model model = pool.load(bytes(lookup(), "lookup"), {.backends = {Backend::wasm}});
  for (int i = 0; i < 12; ++i) {
    const Error error = support::error_of([&] { model(index(7)); });
    CHECK(error.code() == errc::bad_input);
    CHECK(contains(error.message(), "out of data bounds"));
  }
  CHECK(support::values(model(index(2)), "y") == std::vector<float>{5, 6});
  const Metrics metrics = pool.metrics();
  CHECK(metrics.retries == 0);
  CHECK(metrics.losses == 0);
  CHECK(metrics.loads == 1);
  CHECK(pool.recovery_stats().empty());
}

TEST_CASE("a backend that can't run what it loaded gives way to one that can, with the same request") {
  const Backend shaky =
      register_backend({.name = "shaky", .module = support::root / "tests" / "browser" / "modules" / "shaky.js"});
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox}));
  REQUIRE(support::joined(pool, 2));
  for (const Browser kind : {Browser::chromium, Browser::firefox}) {
    CAPTURE(kind);
    const ModelOptions how{.backends = {shaky, Backend::wasm}, .browsers = {kind}};
    const Model model = pool.load(bytes(fours(), "fours"), how);
    const Outputs outputs = model(four());
    CHECK(support::values(outputs, "y") == std::vector<float>{10});
    CHECK(outputs.where().backend == Backend::wasm);
    REQUIRE(outputs.where().passed_over.size() == 1);
    CHECK(outputs.where().passed_over[0].message == "a run failed: it can't do anything");
    CHECK(model(four()).where().backend == Backend::wasm);
    const Model again = pool.load(bytes(fours(), "again"), how);
    CHECK(again(four()).where().passed_over.size() == 1);
    CHECK(pool.metrics().retries == 0);
  }
}
