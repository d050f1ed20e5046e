// The application's own WGSL on every browser with WebGPU.

#include <cstdint>
#include <future>
#include <numeric>
#include <random>
#include <webpool/driver/kernel_file.hpp>

#include "../support/byte_sources.hpp"
#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;
using support::contains;

namespace {

using support::kinds;

Kernel scale() {
  return {.name = "scale",
          .wgsl = R"(
@compute @workgroup_size(workgroup_x)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < extents.n) { y[id.x] = factor[0] * x[id.x]; }
})",
          .inputs = {{.name = "x", .shape = {"n"}}, {.name = "factor", .shape = {1}}},
          .outputs = {{.name = "y", .shape = {"n"}}},
          .passes = {{.invocations = {"n", "1", "1"}}}};
}

Tensor ramp(std::size_t n) {
  std::vector<float> values(n);
  std::iota(values.begin(), values.end(), -3.F);
  return Tensor::from(std::move(values), {static_cast<std::int64_t>(n)});
}

Inputs numbers(std::size_t n, float factor) {
  return {{"x", ramp(n)}, {"factor", Tensor::from(std::vector{factor}, {1})}};
}

}  // namespace

TEST_CASE("a kernel computes on tensors of any size, in every browser", "[browser]") {
  BrowserPool& pool = support::shared_pool();
  REQUIRE(support::joined(pool, kinds.size()));
  for (const Browser kind : kinds) {
    CAPTURE(kind);
    const Model model = pool.kernel(scale(), {.browsers = {kind}});
    for (const std::size_t n : {1u, 63u, 64u, 65u, 100'000u, 7u, 0u}) {
      const Outputs outputs = model(numbers(n, 2.5F));
      CHECK(outputs.where().backend == Backend::webgpu);
      CHECK(outputs["y"].shape() == Shape{static_cast<std::int64_t>(n)});
      const auto y = outputs["y"].as<float>();
      REQUIRE(y.size() == n);
      bool right = true;
      for (std::size_t i = 0; i < n; ++i) right = right && y[i] == 2.5F * (static_cast<float>(i) - 3);
      CHECK(right);
    }
    // Many at once, each with its own answer.
    std::vector<std::pair<Model, Inputs>> requests;
    for (std::size_t i = 1; i <= 20; ++i) requests.emplace_back(model, numbers(i, static_cast<float>(i)));
    const auto answers = pool.execute_concurrent(requests);
    for (std::size_t i = 1; i <= 20; ++i) {
      const Outputs& outputs = answers[i - 1].value();
      REQUIRE(outputs["y"].as<float>().size() == i);
      CHECK(outputs["y"].as<float>()[i - 1] == static_cast<float>(i) * (static_cast<float>(i) - 4));
    }
  }
}

TEST_CASE("passes of a kernel run in order, and what lies between them stays on the device", "[browser]") {
  // Row sums of a matrix of int32: each workgroup folds a stretch of a row, then one invocation per row adds those up.
  const Kernel sums{.name = "row_sums",
                    .wgsl = R"(
var<workgroup> parts: array<i32, workgroup_x>;
@compute @workgroup_size(workgroup_x)
fn fold(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let column = group.x * workgroup_x + local;
  parts[local] = select(0, m[group.y * extents.columns + column], column < extents.columns);
  for (var half = workgroup_x / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (local < half) { parts[local] += parts[local + half]; }
  }
  if (local == 0) { partial[group.y * extents.stretches + group.x] = parts[0]; }
}
@compute @workgroup_size(workgroup_x)
fn add(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.rows) { return; }
  var sum = 0;
  for (var i = 0u; i < extents.stretches; i++) { sum += partial[id.x * extents.stretches + i]; }
  total[id.x] = sum;
  parity[id.x] = u32(sum) & 1;
})",
                    .inputs = {{.name = "m", .datatype = Datatype::int32, .shape = {"rows", "columns"}}},
                    .outputs = {{.name = "total", .datatype = Datatype::int32, .shape = {"rows"}},
                                {.name = "parity", .datatype = Datatype::uint32, .shape = {"rows"}}},
                    .scratch = {{.name = "partial", .datatype = Datatype::int32, .shape = {"rows", "stretches"}}},
                    .extents = {{"stretches", "(columns + 63) / 64"}},
                    .passes = {{"fold", {"columns", "rows", "1"}}, {"add", {"rows", "1", "1"}}}};
  BrowserPool& pool = support::shared_pool();
  REQUIRE(support::joined(pool, kinds.size()));
  std::mt19937 random(7);
  std::vector<std::int32_t> values(37 * 1001);
  for (auto& each : values) each = static_cast<std::int32_t>(random() % 2001) - 1000;
  for (const Browser kind : kinds) {
    CAPTURE(kind);
    const Model model = pool.kernel(sums, {.browsers = {kind}});
    const Outputs outputs = model({{"m", Tensor::from(values, {37, 1001})}});
    const auto total = outputs["total"].as<std::int32_t>();
    const auto parity = outputs["parity"].as<std::uint32_t>();
    REQUIRE(total.size() == 37);
    for (std::size_t row = 0; row < 37; ++row) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * 1001);
      CHECK(total[row] == std::accumulate(begin, begin + 1001, 0));
      CHECK(parity[row] == (static_cast<std::uint32_t>(total[row]) & 1));
    }
    const Outputs one = model({{"m", Tensor::from(values, {37, 1001})}}, {.outputs = {"parity"}});
    CHECK(one.size() == 1);
  }
}

TEST_CASE("a kernel runs in the first variant that the adapter can, or in the fastest one, and says why", "[browser]") {
  BrowserPool& pool = support::shared_pool();
  REQUIRE(support::joined(pool, kinds.size()));
  for (const Browser kind : kinds) {
    CAPTURE(kind);
    Kernel kernel = scale();
    kernel.variants = {
        {.workgroup_size = {1u << 20, 1, 1}}, {.features = {"no-such-feature"}}, {.workgroup_size = {32, 1, 1}}};
    const Where where = pool.kernel(kernel, {.browsers = {kind}})(numbers(5, 1)).where();
    REQUIRE(where.passed_over.size() == 2);
    CHECK(contains(where.passed_over[0].message, "a workgroup of 1048576 × 1 × 1 is asked for"));
    CHECK(contains(where.passed_over[1].message, "the adapter has no no-such-feature"));

    kernel.variants = {{.workgroup_size = {1, 1, 1}}, {.workgroup_size = {64, 1, 1}}};
    kernel.sample = {{"n", 60'000}};
    const Outputs outputs = pool.kernel(kernel, {.fastest = true, .browsers = {kind}})(numbers(60'000, 1));
    REQUIRE(outputs.where().passed_over.size() == 1);
    CHECK(contains(outputs.where().passed_over[0].message, "slower: a run takes "));
    CHECK(outputs["y"].as<float>()[59'999] == 59'996);

    // The next tab of that kind, here the same one with another worker, believes the first.
    const Model again = pool.kernel(kernel, {.name = "again", .fastest = true, .browsers = {kind}});
    const Outputs same = again(numbers(60'000, 1));
    REQUIRE(same.where().passed_over.size() == 1);
    CHECK(same.where().passed_over[0].message == outputs.where().passed_over[0].message);
  }
}

TEST_CASE("half precision is there where the adapter has it, and said to be missing where not", "[browser]") {
  const Kernel negate{.name = "negate",
                      .wgsl =
                          "@compute @workgroup_size(workgroup_x) fn main(@builtin(global_invocation_id) id: vec3u) "
                          "{ if (id.x < extents.n) { y[id.x] = -x[id.x]; } }",
                      .inputs = {{.name = "x", .datatype = Datatype::float16, .shape = {"n"}}},
                      .outputs = {{.name = "y", .datatype = Datatype::float16, .shape = {"n"}}},
                      .passes = {{.invocations = {"n", "1", "1"}}}};
  BrowserPool& pool = support::shared_pool();
  REQUIRE(support::joined(pool, kinds.size()));
  for (const ConnectionInfo& tab : pool.connections()) {
    CAPTURE(tab.browser.browser);
    const bool able = std::ranges::count(tab.browser.webgpu.value().features, "shader-f16") == 1;
    const ModelOptions there{.browsers = {tab.browser.browser}};
    if (!able) {
      CHECK(
          contains(support::error_of([&] { pool.kernel(negate, there); }).message(), "the adapter has no shader-f16"));
      continue;
    }
    const std::vector<Float16> values{{0x3c00}, {0xc000}, {0x7bff}};  // 1, -2, 65504: an odd number of half words
    const Outputs outputs = pool.kernel(negate, there)({{"x", Tensor::from(values, {3})}});
    const auto y = outputs["y"].as<Float16>();
    REQUIRE(y.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(y[i].bits == (values[i].bits ^ 0x8000));
  }
}

TEST_CASE("WGSL that does not compile is refused with line and column, what is invalid with its reason", "[browser]") {
  BrowserPool& pool = support::shared_pool();
  REQUIRE(support::joined(pool, kinds.size()));
  for (const Browser kind : kinds) {
    CAPTURE(kind);
    const ModelOptions there{.browsers = {kind}};
    const auto error = [&](const Kernel& kernel) { return support::error_of([&] { pool.kernel(kernel, there); }); };
    Kernel wrong = scale();
    wrong.wgsl = "@compute @workgroup_size(1)\nfn main() {\n  let a = nonsense;\n}\n";
    CAPTURE(error(wrong).message());
    CHECK(error(wrong).code() == errc::no_backend);
    CHECK(contains(error(wrong).message(), "the WGSL does not compile: 3:11: "));

    Kernel elsewhere = scale();
    elsewhere.passes[0].entry = "nowhere";
    CHECK(error(elsewhere).code() == errc::no_backend);
    CHECK(contains(error(elsewhere).message(), "nowhere"));

    Kernel ruleless = scale();
    ruleless.passes[0].invocations[0] = "n * ";
    CHECK(contains(error(ruleless).message(), "\"n * \": something is missing at its end"));
  }
}

TEST_CASE("what a kernel can't take is an error of the request, and the next one is answered", "[browser]") {
  Kernel pairs = scale();
  pairs.inputs.push_back({.name = "z", .shape = {"n"}});
  pairs.wgsl =
      "@compute @workgroup_size(workgroup_x) fn main(@builtin(global_invocation_id) id: vec3u) "
      "{ y[id.x + 1000000] = 1; y[id.x] = x[id.x] + z[id.x] * factor[0]; }";  // and writes out of bounds
  BrowserPool& pool = support::shared_pool();
  REQUIRE(support::joined(pool, kinds.size()));
  for (const Browser kind : {Browser::chromium, Browser::firefox}) {
    CAPTURE(kind);
    const Model model = pool.kernel(pairs, {.browsers = {kind}});
    Inputs unequal = numbers(64, 1);
    unequal.push_back({"z", ramp(65)});
    const Error error = support::error_of([&] { model(unequal); });
    CHECK(error.code() == errc::bad_input);
    CHECK(contains(error.message(), R"(extent "n" is 64 in one input and 65 in "z")"));

    Kernel wide = scale();
    wide.passes[0].invocations[1] = "1000000";
    const Error too_wide = support::error_of([&] { pool.kernel(wide, {.browsers = {kind}})(numbers(1, 1)); });
    CHECK(contains(too_wide.message(), "needs 1000000 workgroups along y; this adapter dispatches at most 65535"));

    Inputs equal = numbers(64, 1);
    equal.push_back({"z", ramp(64)});
    CHECK(model(equal)["y"].as<float>()[10] == 14);
  }
}

TEST_CASE("a kernel's buffers are used again, grow when they must, and go with it", "[browser]") {
  PoolOptions options = support::one_of_each({Browser::chromium, Browser::firefox});
  const auto modules = support::root / "tests" / "browser" / "modules";
  options.page_modules = {modules / "buffer_counts.js", modules / "kernel_buffers.js"};
  BrowserPool pool(options);
  REQUIRE(support::joined(pool, 2));
  Kernel kernel = scale();
  kernel.variants.assign(3, {.workgroup_size = {8, 1, 1}});
  ModelOptions how;
  const std::string text = testing::text_of(driver::make_kernel_file(kernel, how).source);
  for (const ConnectionInfo& tab : pool.connections()) {
    CAPTURE(tab.browser.browser);
    std::promise<std::string> counts;
    pool.on_message("counts", [&](const PageMessage& message) { counts.set_value(std::string(message.body)); });
    REQUIRE(pool.send_message(tab.id, "count", text));
    auto answer = counts.get_future();
    REQUIRE(answer.wait_for(60s) == std::future_status::ready);
    // Five buffers each of three variants: x, factor, y, the copy of y that is read, extents. Then x and both of y
    // grow; then a run fails, and the next one makes new ones.
    CHECK(answer.get() == R"([{"created":15,"live":5},{"created":15,"live":5},{"created":15,"live":5},)"
                          R"({"created":18,"live":5},{"error":"the GPU refused the kernel: out of luck","live":0},)"
                          R"({"created":23,"live":5},{"created":23,"live":0}])");
  }
}
