#include <webpool/driver/load_plan.hpp>

#include "../catch.hpp"

using namespace webpool;
using driver::LoadPlan;

namespace {

const BrowserInfo somewhere{.browser = Browser::firefox};
const BrowserOptions defaults;
const MemorySettings unlimited;
const driver::LoadSite anywhere{somewhere, defaults, unlimited};

LoadPlan plan(const ModelOptions& model, const BrowserOptions& browser, const MemorySettings& memory = {}) {
  driver::ModelFile file;
  file.name = "digits";
  file.sha256 = "c0ff";
  file.size = 5;
  return driver::plan_load(WorkerId{7}, {&file, 1}, model, {somewhere, browser, memory});
}

/// "webnn-npu webgpu wasm*3"
std::string backends(const LoadPlan& plan) {
  std::string text;
  for (const auto& each : plan.message.backends) {
    text += (text.empty() ? "" : " ") + std::string(to_string(each.backend));
    if (each.device) text += "-" + std::string(to_string(*each.device));
    if (each.threads) text += "*" + std::to_string(*each.threads);
  }
  return text;
}

}  // namespace

TEST_CASE("the model's backends come in its order, WebNN once per device") {
  CHECK(backends(plan({}, {})) == "webnn-npu webnn-gpu webnn-cpu webgpu wasm*1");
  CHECK(backends(plan({.backends = {Backend::wasm, Backend::webgpu}}, {.wasm_threads = 3})) == "wasm*3 webgpu");
  CHECK(backends(plan({.backends = {Backend::webnn}}, {.webnn_devices = {WebnnDevice::cpu}})) == "webnn-cpu");
  CHECK(backends(plan({.backends = {Backend::wasm}}, {.wasm_threads = 0})) == "wasm*0");  // the page measures
}

TEST_CASE("what the options rule out is passed over with its reason") {
  const LoadPlan none =
      plan({.backends = {Backend::webnn, Backend::webgpu}}, {.compute_shaders = false, .webnn_devices = {}});
  CHECK(none.message.backends.empty());
  CHECK(driver::describe(none.passed_over) ==
        "webnn: BrowserOptions::webnn_devices is empty; webgpu: BrowserOptions::compute_shaders is off");
}

TEST_CASE("a model of 4 GiB, with the files beside it, is too large for WASM alone") {
  driver::ModelFile file;
  file.size = 5;
  file.external.emplace_back().size = (std::size_t{1} << 32) - 6;
  const auto plan_all = [&](std::size_t count) {
    const std::vector<driver::ModelFile> files(count, file);
    return driver::plan_load(WorkerId{7}, files, {.backends = {Backend::webgpu, Backend::wasm}}, anywhere);
  };
  CHECK(backends(plan_all(1)) == "webgpu wasm*1");
  CHECK(backends(plan_all(2)) == "webgpu");
  ++file.size;
  const LoadPlan too_large = plan_all(1);
  CHECK(backends(too_large) == "webgpu");
  CHECK(driver::describe(too_large.passed_over) ==
        "wasm: the model has 4294967296 bytes, and WebAssembly holds less than 4 GiB");
}

TEST_CASE("the message names the model and carries the browser's wishes") {
  const LoadPlan full = plan({.free_dimensions = {{"batch", 2}}}, {.workgroup_size = {{64, 1, 1}}});
  CHECK(full.message.id == 7);
  CHECK(full.message.model.name == "digits");
  CHECK(full.message.model.bytes == 5);
  CHECK(full.message.model.url == "/models/c0ff");
  CHECK(full.message.free_dimensions.at("batch") == 2);
  CHECK(full.message.workgroup_size);
  CHECK(full.message.warmup == true);
  CHECK(full.message.cache_bytes == std::uint64_t{4} << 30);
  CHECK(plan({}, {.model_cache_bytes = 0}).message.cache_bytes == 0u);
  CHECK(plan({}, {.model_cache_bytes = ~std::uint64_t{0}}).message.cache_bytes == protocol::max_id);
  CHECK_FALSE(full.message.compare);
  CHECK(plan({.fastest = true}, {}).message.compare == true);
  CHECK_FALSE(full.message.verify);
  CHECK(plan({.verify = Verify::load}, {}).message.verify == true);
  CHECK(plan({}, {.shader_precompile = false}).message.warmup == false);
  CHECK(plan({}, {}, {.low_memory_mode = true}).message.warmup == false);
}

TEST_CASE("the message says of a decoder that it generates") {
  CHECK_FALSE(plan({}, {}).message.model.generates);
  const Shape free{Shape::any, Shape::any}, cache{Shape::any, 2, Shape::any, 4};
  driver::ModelFile file;
  file.info.inputs = {{"input_ids", Datatype::int64, free}, {"past_key_values.0", Datatype::float32, cache}};
  file.info.outputs = {{"logits", Datatype::float32, {Shape::any, Shape::any, 9}},
                       {"present.0", Datatype::float32, cache}};
  CHECK(driver::plan_load(WorkerId{7}, {&file, 1}, {}, anywhere).message.model.generates);
  file.kernel = true;
  CHECK_FALSE(driver::plan_load(WorkerId{7}, {&file, 1}, {}, anywhere).message.model.generates);
}

TEST_CASE("files beside the model come from the pool, also where the model has another address") {
  driver::ModelFile file;
  file.sha256 = "c0ff";
  auto& part = file.external.emplace_back();
  part.name = "weights.bin", part.sha256 = "beef", part.size = 7;
  const auto model = driver::plan_load(WorkerId{7}, {&file, 1}, {.url = "/elsewhere"}, anywhere).message.model;
  CHECK(model.url == "/elsewhere");
  REQUIRE(model.external.size() == 1);
  CHECK(model.external[0].path == "weights.bin");
  CHECK(model.external[0].url == "/models/beef");
  CHECK(model.external[0].bytes == 7);
}

TEST_CASE("a worker may use WebNN where the model, the options and the browser have it") {
  BrowserInfo browser;
  CHECK_FALSE(driver::may_use_webnn({}, {}, browser));
  browser.webnn = {{WebnnDevice::cpu, ""}, {WebnnDevice::npu, "NotSupportedError: no npu here"}};
  CHECK(driver::may_use_webnn({}, {}, browser));
  CHECK_FALSE(driver::may_use_webnn({.backends = {Backend::webgpu, Backend::wasm}}, {}, browser));
  CHECK_FALSE(driver::may_use_webnn({}, {.webnn_devices = {}}, browser));
  CHECK_FALSE(driver::may_use_webnn({}, {.webnn_devices = {WebnnDevice::npu, WebnnDevice::gpu}}, browser));
}

TEST_CASE("models that share a worker say which of their outputs may stay on the device, a single one does not") {
  std::vector<driver::ModelFile> files(2);
  files[0].info.outputs = {{.name = "a", .datatype = Datatype::float32}, {.name = "b", .datatype = Datatype::float64}};
  files[1].name = "second";
  files[1].sha256 = "beef";
  const auto message = driver::plan_load(WorkerId{7}, files, {}, anywhere).message;
  CHECK(message.model.device_outputs == std::vector<std::string>{"a"});
  REQUIRE(message.parts.size() == 1);
  CHECK(message.parts[0].name == "second");
  CHECK(message.parts[0].url == "/models/beef");
  CHECK(message.parts[0].device_outputs->empty());
  CHECK_FALSE(plan({}, {}).message.model.device_outputs);
}

TEST_CASE("what a comparison found in a tab of the same kind is tried first, and no other is made") {
  const driver::FastestWay known{Backend::webnn, WebnnDevice::gpu, 2, {{Backend::wasm, "slower"}}};
  driver::ModelFile file;
  const auto with = [&](ModelOptions model) {
    return driver::plan_load(WorkerId{7}, {&file, 1}, model, {somewhere, defaults, unlimited, &known});
  };
  const LoadPlan plan = with({.fastest = true});
  CHECK(backends(plan) == "webnn-gpu webnn-npu webnn-cpu webgpu wasm*1");
  CHECK_FALSE(plan.message.compare);
  CHECK(plan.message.variant == 2u);
  REQUIRE(plan.passed_over.size() == 1);
  CHECK(plan.passed_over[0].message == "slower");
  CHECK(backends(with({.backends = {Backend::wasm}, .fastest = true})) == "wasm*1");
  CHECK(backends(with({})) == "webnn-npu webnn-gpu webnn-cpu webgpu wasm*1");
}

TEST_CASE("by default a software adapter stands behind WASM, and nowhere else than it is named") {
  driver::ModelFile file;
  BrowserInfo tab{.browser = Browser::chromium};
  const auto in_tab = [&](const ModelOptions& model) {
    return backends(driver::plan_load(WorkerId{7}, {&file, 1}, model, {tab, defaults, unlimited}));
  };
  CHECK(in_tab({}) == "webnn-npu webnn-gpu webnn-cpu webgpu wasm*1");
  tab.webgpu = AdapterInfo{.vendor = "google"};
  for (const auto software : {std::optional<bool>(), std::optional(false)}) {  // nobody knows; hardware
    tab.webgpu->software = software;
    CHECK(in_tab({}) == "webnn-npu webnn-gpu webnn-cpu webgpu wasm*1");
  }
  tab.webgpu->software = true;
  CHECK(in_tab({}) == "webnn-npu webnn-gpu webnn-cpu wasm*1 webgpu");
  CHECK(in_tab({.backends = {Backend::webgpu, Backend::wasm}}) == "webgpu wasm*1");
}

TEST_CASE("a way that went wrong in such a tab is left out with its reason, unless no other is left") {
  driver::ModelFile file;
  const driver::LoadSite site{somewhere,
                              defaults,
                              unlimited,
                              nullptr,
                              {{{Backend::webnn, WebnnDevice::gpu}, "gpu: a run failed: no kernel"},
                               {{Backend::webgpu}, "a run failed: no kernel"}}};
  const auto planned = [&](const ModelOptions& model) {
    return driver::plan_load(WorkerId{7}, {&file, 1}, model, site);
  };
  const LoadPlan some = planned({});
  CHECK(backends(some) == "webnn-npu webnn-cpu wasm*1");
  CHECK(driver::describe(some.passed_over) == "webnn: gpu: a run failed: no kernel; webgpu: a run failed: no kernel");
  const LoadPlan only = planned({.backends = {Backend::webgpu}});
  CHECK(backends(only) == "webgpu");
  CHECK(only.passed_over.empty());
  CHECK(planned({.backends = {Backend::wasm}}).passed_over.empty());
}
