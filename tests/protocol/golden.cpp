// Both directions of the wire against tests/protocol/golden.json, which js/test holds the page's half to.
#include "../catch.hpp"

#include <simdjson.h>

#include <functional>
#include <map>
#include <string>
#include <webpool/protocol/decode.hpp>
#include <webpool/protocol/encode.hpp>
#include <webpool/register_backend.hpp>

#include "frames.hpp"

namespace {

using namespace webpool;
using namespace webpool::protocol;
using namespace std::chrono_literals;
using test::bytes_of, test::text_of, test::unhex;
namespace dom = simdjson::dom;

/// Parsed once; its text lives as long as the program.
dom::element golden() {
  static dom::parser parser;
  static const dom::element root = parser.load(WEBPOOL_TESTS_DIR "/protocol/golden.json");
  return root;
}

std::string text(dom::element object, const char* field) { return std::string(std::string_view(object[field])); }

Tensor tensor_of(dom::element description, const std::string& bytes) {
  std::vector<std::int64_t> extents;
  for (const std::int64_t extent : dom::array(description["shape"])) extents.push_back(extent);
  auto owner = test::owned(bytes);
  return Tensor(*parse_datatype(text(description, "datatype")), Shape(extents), bytes_of(*owner), owner);
}

std::vector<NamedTensor> tensors_of(dom::element message, const char* list) {
  std::vector<NamedTensor> tensors;
  auto bytes = dom::array(message["tensors"]).begin();
  for (const dom::element description : dom::array(message["header"][list])) {
    tensors.push_back({text(description, "name"), tensor_of(description, unhex(std::string_view(*bytes)))});
    ++bytes;
  }
  return tensors;
}

template <class Message>
std::string encoded(const Message& message) {
  std::string out;
  encode(out, message);
  return out;
}

std::string encoded_run(dom::element message) {
  const std::vector<NamedTensor> inputs = tensors_of(message, "inputs");
  std::vector<std::string> outputs;
  for (const std::string_view name : dom::array(message["header"]["outputs"])) outputs.emplace_back(name);
  const auto references = [&](const char* field) {
    std::vector<TensorReference> list;
    if (dom::array items; message["header"][field].get(items) == simdjson::SUCCESS)
      for (const dom::element each : items)
        list.push_back({std::string_view(each["name"]), TensorId{std::uint64_t(each["tensor"])}});
    return list;
  };
  const auto resident = references("resident"), keep = references("keep");
  std::uint64_t part = 0;
  if (message["header"]["part"].get(part) != simdjson::SUCCESS) part = 0;
  return encoded(Run{RequestId{std::uint64_t(message["header"]["id"])}, inputs, outputs,
                     static_cast<std::uint32_t>(part), resident, keep});
}

std::string encoded_generate(std::uint64_t id, std::vector<std::int64_t> prompt, const GenerationOptions& options,
                             std::uint32_t part = 0, std::optional<TextReference> resume = {},
                             std::optional<TensorId> keep = {}) {
  const auto length = static_cast<std::int64_t>(prompt.size());
  const std::vector<NamedTensor> inputs{{"prompt", Tensor::from(std::move(prompt), {length})}};
  return encoded(Generate{RequestId{id}, inputs, options, part, resume, keep});
}

const std::string sha = "c0ffee" + std::string(58, '0');
const std::vector<TensorId> tensors{{7}, {8}};

/// A backend of the application's own.
Backend plain() { return register_backend({"plain", __FILE__}); }

/// The messages of the pool by their golden names; runs are built from the golden header.
const std::map<std::string, std::string> written{
    {"welcome", encoded(Welcome{ConnectionId{12}, 1000ms})},
    {"refused: wrong_token",
     encoded(Refused{Refusal::wrong_token,
                     "the link's token does not belong to this pool; open the pool's join link again"})},
    {"refused: version_mismatch",
     encoded(Refused{Refusal::version_mismatch,
                     "the link's token does not belong to this pool; open the pool's join link again"})},
    {"refused: pool_full",
     encoded(Refused{Refusal::pool_full,
                     "the link's token does not belong to this pool; open the pool's join link again"})},
    {"refused: pool_closed",
     encoded(Refused{Refusal::pool_closed,
                     "the link's token does not belong to this pool; open the pool's join link again"})},
    {"ping", encoded(Ping{5})},
    {"ping, largest id", encoded(Ping{max_id})},
    {"open_worker", encoded(OpenWorker{WorkerId{7}, "9a1e44"})},
    {"open_worker with WebNN", encoded(OpenWorker{WorkerId{7}, "9a1e44", true})},
    {"close_worker", encoded(CloseWorker{WorkerId{7}})},
    {"reload", encoded(Reload{"the worker of model digits died twice"})},
    {"close", encoded(Close{"the pool is shutting down"})},
    {"close with every kind of character",
     encoded(Close{"a \"quote\", a \\ and a /, \b\f\n\r\t\x01\x1f\x7f, é, 漢, 🙂, \xe2\x80\xa8"})},
    {"load", encoded(Load{41,
                          {"digits", sha, 181234, "/models/" + sha},
                          {{Backend::webnn, WebnnDevice::npu, {}}, {Backend::webgpu, {}, {}}, {Backend::wasm, {}, 1}},
                          {{"batch", 1}, {"x[2]", 224}},
                          true,
                          true,
                          {{256, 1, 1}},
                          {},
                          {},
                          std::uint64_t{1} << 32,
                          "high",
                          true})},
    {"load on a backend of the application", encoded(Load{41,
                                                          {"digits", sha, 181234, "https://models.example/digits.onnx"},
                                                          {{plain(), {}, {}, "/backends/plain.js"}},
                                                          {},
                                                          false,
                                                          {},
                                                          {}})},
    {"message of the pool",
     encoded(Custom{"greet", R"({"a":[1,"two",null]})", {{"x", Tensor::from(std::vector<float>{1, 2}, {1, 2})}}})},
    {"message of the pool without anything", encoded(Custom{"é", "5", {}})},
    {"load of a kernel", encoded(Load{41,
                                      {"digits", sha, 181234, "/models/" + sha, true},
                                      {{Backend::webgpu, {}, {}}},
                                      {{"n", 1024}},
                                      true,
                                      {},
                                      {},
                                      {},
                                      1})},
    {"load of several models",
     encoded(Load{41,
                  {"digits", sha, 181234, "/models/" + sha, false, false, std::vector<std::string>{"a", "é\""}},
                  {{Backend::webgpu, {}, {}}},
                  {},
                  true,
                  {},
                  {},
                  {{"head", sha, 181234, "/models/" + sha, false, false, std::vector<std::string>{}},
                   {"k", sha, 181234, "/models/" + sha, true}}})},
    {"fetch", encoded(Fetch{RequestId{47}, TensorId{8}})},
    {"release", encoded(Release{tensors})},
    {"load of a model with files beside it",
     encoded(Load{41,
                  {"digits",
                   sha,
                   181234,
                   "/models/" + sha,
                   false,
                   false,
                   {},
                   {{"weights.bin", sha, 5'000'000'000, "/models/" + sha}, {"ü", sha, 0, "/models/" + sha}}},
                  {{Backend::wasm, {}, {}}},
                  {},
                  {},
                  {},
                  {}})},
    {"load with nothing optional",
     encoded(Load{0, {"", sha, 181234, "/models/" + sha}, {{Backend::wasm, {}, {}}}, {}, {}, {}, {}})},
    {"load of a decoder", encoded(Load{.id = 41,
                                       .model = {"digits", sha, 181234, "/models/" + sha, false, true},
                                       .backends = {{Backend::wasm, {}, {}}},
                                       .free_dimensions = {},
                                       .warmup = true,
                                       .compare = {},
                                       .workgroup_size = {}})},
    {"generate", encoded_generate(46, {33, 0, 95},
                                  {.max_tokens = 64,
                                   .temperature = 0.8,
                                   .top_k = 40,
                                   .top_p = 0.95,
                                   .seed = 4294967295,
                                   .stop_tokens = {95, 0}})},
    {"generate, most likely tokens", encoded_generate(47, {7}, {.max_tokens = 1}, 1)},
    {"generate, going on with a text",
     encoded_generate(48, {}, {.max_tokens = 1}, 0, TextReference{TensorId{8}, 73}, TensorId{9})},
    {"cancel", encoded(Cancel{RequestId{42}})},
};

/// Checks of the pages' messages by their golden names.
using ControlCheck = std::function<void(const ControlMessage&)>;
using DataCheck = std::function<void(const DataMessage&)>;

void check_firefox(const BrowserInfo& browser) {
  CHECK(browser.user_agent == "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0");
  CHECK(browser.version == "153.7");
  CHECK(browser.platform == "Linux x86_64");
  CHECK(browser.hardware_concurrency == 2);
  CHECK(browser.device_memory_gib == std::nullopt);
  CHECK(browser.cross_origin_isolated);
  CHECK(browser.wasm_threads);
  CHECK_FALSE(browser.jspi);
  CHECK(browser.visible);
  CHECK(browser.webnn.empty());
  CHECK(browser.webnn_reason == "this browser has no navigator.ml");
  CHECK(browser.webgpu_reason.empty());
  REQUIRE(browser.webgpu);
  CHECK(browser.webgpu->architecture.empty());
  CHECK(browser.webgpu->device.empty());
  CHECK(browser.webgpu->description == "llvmpipe (LLVM 15.0.6, 256 bits)");
}

const std::map<std::string, ControlCheck> control_checks{
    {"hello of a browser that the pool launched",
     [](const ControlMessage& message) {
       const Hello& hello = std::get<Hello>(message);
       CHECK(hello.version == 1);
       CHECK(hello.token == "6f0c19");
       CHECK(hello.launch == LaunchId{3});
       CHECK(hello.browser.browser == Browser::firefox);
       check_firefox(hello.browser);
       CHECK(hello.browser.webgpu->vendor == "mesa");
       CHECK(hello.browser.webgpu->software == true);
       CHECK(hello.browser.webgpu->features == std::vector<std::string>{"shader-f16", "timestamp-query"});
       CHECK(hello.browser.webgpu->limits ==
             std::map<std::string, double>{{"maxBufferSize", 1073741824}, {"maxComputeInvocationsPerWorkgroup", 256}});
     }},
    {"hello of a tab that joined by link",
     [](const ControlMessage& message) {
       const Hello& hello = std::get<Hello>(message);
       CHECK(hello.token == "6f0c19");
       CHECK(hello.launch == std::nullopt);
       CHECK(hello.browser.user_agent.empty());
       CHECK(hello.browser.browser == Browser::other);
       CHECK(hello.browser.version.empty());
       CHECK(hello.browser.platform.empty());
       CHECK(hello.browser.hardware_concurrency == 0);
       CHECK(hello.browser.device_memory_gib == 0.5);
       CHECK_FALSE(hello.browser.cross_origin_isolated);
       CHECK_FALSE(hello.browser.wasm_threads);
       CHECK(hello.browser.jspi);
       CHECK_FALSE(hello.browser.visible);
       CHECK_FALSE(hello.browser.webgpu);
       CHECK(hello.browser.webgpu_reason == "this browser has no navigator.gpu");
       CHECK(hello.browser.webnn ==
             std::map<WebnnDevice, std::string>{
                 {WebnnDevice::cpu, ""}, {WebnnDevice::gpu, ""}, {WebnnDevice::npu, "NotSupportedError: no npu here"}});
       CHECK(hello.browser.webnn_reason.empty());
     }},
    {"hello with a hidden adapter",
     [](const ControlMessage& message) {
       const Hello& hello = std::get<Hello>(message);
       CHECK(hello.token.empty());
       CHECK(hello.launch == LaunchId{0});
       CHECK(hello.browser.browser == Browser::safari);
       check_firefox(hello.browser);
       CHECK(hello.browser.webgpu->vendor == "apple");
       CHECK(hello.browser.webgpu->software == std::nullopt);
       CHECK(hello.browser.webgpu->features.empty());
       CHECK(hello.browser.webgpu->limits.empty());
     }},
    {"pong",
     [](const ControlMessage& message) {
       const Pong& pong = std::get<Pong>(message);
       CHECK(pong.id == 5);
       CHECK(pong.hints == PageHints{});
       CHECK(pong.timer_drift_ms == 0.4);
     }},
    {"pong of a hidden tab, largest id",
     [](const ControlMessage& message) {
       const Pong& pong = std::get<Pong>(message);
       CHECK(pong.id == max_id);
       CHECK_FALSE(pong.hints.visible);
       CHECK(pong.timer_drift_ms == 59000);
     }},
    {"pong that tells all there is",
     [](const ControlMessage& message) {
       CHECK(
           std::get<Pong>(message).hints ==
           PageHints{
               .visible = true, .charging = false, .battery = 0.25, .pressure = Pressure::serious, .save_data = true});
     }},
    {"trouble",
     [](const ControlMessage& message) {
       const Trouble& trouble = std::get<Trouble>(message);
       CHECK(trouble.source == "/modules/greet.js");
       CHECK(trouble.message == "TypeError: x is not a function");
     }},
    {"message of a page",
     [](const ControlMessage& message) {
       const Custom& custom = std::get<Custom>(message);
       CHECK(custom.name == "greet");
       CHECK(custom.body == R"({"text":"é \"quoted\" \n","list":[1,-2.5,true,null,{}]})");
       CHECK(custom.tensors.size() == 2);
     }},
    {"message of a page without anything",
     [](const ControlMessage& message) {
       const Custom& custom = std::get<Custom>(message);
       CHECK(custom.name == "ping");
       CHECK(custom.body == "null");
       CHECK(custom.tensors.empty());
     }},
    {"worker_failed",
     [](const ControlMessage& message) {
       const WorkerFailed& failed = std::get<WorkerFailed>(message);
       CHECK(failed.worker == WorkerId{7});
       CHECK(failed.message == "RuntimeError: unreachable");
     }},
};

void check_specs(const Loaded& loaded) {
  REQUIRE(loaded.inputs.size() == 1);
  CHECK(loaded.inputs[0].name == "image");
  CHECK(loaded.inputs[0].datatype == Datatype::float32);
  CHECK(loaded.inputs[0].shape == Shape{-1, 1, 28, 28});
  REQUIRE(loaded.outputs.size() == 1);
  CHECK(loaded.outputs[0].name == "probabilities");
  CHECK(loaded.outputs[0].shape == Shape{-1, 10});
}

void check_progress(const DataMessage& message, LoadStage stage, std::uint64_t done, std::uint64_t total) {
  const Progress& progress = std::get<Progress>(message);
  CHECK(progress.id == 41);
  CHECK(progress.stage == stage);
  CHECK(progress.done == done);
  CHECK(progress.total == total);
}

void check_times(const RunTimes& times, double queued, double upload, double compute, double download) {
  CHECK(times.queued == queued);
  CHECK(times.upload == upload);
  CHECK(times.compute == compute);
  CHECK(times.download == download);
  CHECK(times.total == 0);
}

DataCheck error_check(const std::string& code) {
  return [code](const DataMessage& message) {
    const RunError& error = std::get<RunError>(message);
    CHECK(error.id == 42);
    CHECK(error.code == code);
    CHECK(error.message == "what went wrong");
    CHECK(error.tried.empty());
    CHECK(error.stack == "Error: what went wrong\n    at run (worker.js:1:1)");
  };
}

const std::map<std::string, DataCheck> data_checks{
    {"attach",
     [](const DataMessage& message) {
       const Attach& attach = std::get<Attach>(message);
       CHECK(attach.version == 1);
       CHECK(attach.worker == WorkerId{7});
       CHECK(attach.key == "9a1e44");
     }},
    {"progress of the fetch", [](const DataMessage& m) { check_progress(m, LoadStage::fetch, 65536, 181234); }},
    {"progress of another model",
     [](const DataMessage& m) {
       check_progress(m, LoadStage::fetch, 65536, 181234);
       CHECK(std::get<Progress>(m).part == 2);
     }},
    {"progress of the creation", [](const DataMessage& m) { check_progress(m, LoadStage::create, 0, 1); }},
    {"progress of the warmup", [](const DataMessage& m) { check_progress(m, LoadStage::warmup, 1, 1); }},
    {"loaded on wasm",
     [](const DataMessage& message) {
       const Loaded& loaded = std::get<Loaded>(message);
       CHECK(loaded.id == 41);
       CHECK(loaded.backend == Backend::wasm);
       CHECK(loaded.device == std::nullopt);
       REQUIRE(loaded.tried.size() == 1);
       CHECK(loaded.tried[0].backend == Backend::webgpu);
       CHECK(loaded.tried[0].message == "no adapter: this browser has no navigator.gpu");
       CHECK_FALSE(loaded.cpu_fallback);
       check_specs(loaded);
       CHECK(loaded.times.fetch == 1.2);
       CHECK(loaded.times.create == 80);
       CHECK(loaded.times.warmup == 0);
       CHECK_FALSE(loaded.from_cache);
       CHECK(loaded.memory_bytes == 8123456);
     }},
    {"loaded on webnn",
     [](const DataMessage& message) {
       const Loaded& loaded = std::get<Loaded>(message);
       CHECK(loaded.backend == Backend::webnn);
       CHECK(loaded.device == WebnnDevice::gpu);
       CHECK(loaded.tried.empty());
       CHECK(loaded.cpu_fallback);
       check_specs(loaded);
       CHECK(loaded.times.fetch == 0);
       CHECK(loaded.times.create == 80.5);
       CHECK(loaded.times.warmup == 12.5);
       CHECK(loaded.from_cache);
       CHECK(loaded.memory_bytes == 0);
       REQUIRE(loaded.placements.size() == 2);
       CHECK(loaded.placements[0].provider == "CPU");
       CHECK(loaded.placements[0].nodes == 3);
       CHECK(loaded.placements[0].operators == std::vector<std::string>{"Det", "Unique"});
       CHECK(loaded.placements[1].operators.empty());
     }},
    {"loaded with a remark",
     [](const DataMessage& message) {
       CHECK(std::get<Loaded>(message).remarks == std::vector<std::string>{"a warm-up run failed: no such index"});
       CHECK(std::get<Loaded>(message).verified == false);
     }},
    {"loaded a kernel", [](const DataMessage& message) { CHECK(std::get<Loaded>(message).variant == 1u); }},
    {"result",
     [](const DataMessage& message) {
       const Result& result = std::get<Result>(message);
       CHECK(result.id == RequestId{42});
       CHECK_FALSE(result.finish);
       check_times(result.times, 0.1, 0.2, 3.5, 0.1);
     }},
    {"result that stays",
     [](const DataMessage& message) {
       const Result& result = std::get<Result>(message);
       CHECK(result.outputs.size() == 1);
       REQUIRE(result.kept.size() == 1);
       CHECK(result.kept[0].name == "b");
       CHECK(result.kept[0].datatype == Datatype::int64);
       CHECK(result.kept[0].shape == Shape{2, 0});
       CHECK(result.kept[0].tensor == TensorId{8});
     }},
    {"tokens",
     [](const DataMessage& message) {
       const Tokens& news = std::get<Tokens>(message);
       CHECK(news.id == RequestId{46});
       CHECK(news.index == 5);
       CHECK(news.tokens == std::vector<std::int64_t>{36, 0, 9007199254740991});
     }},
    {"tokens without any", [](const DataMessage& message) { CHECK(std::get<Tokens>(message).tokens.empty()); }},
    {"result of a generation",
     [](const DataMessage& message) { CHECK(std::get<Result>(message).finish == Finish::stop); }},
    {"result of a generation as long as it may be",
     [](const DataMessage& message) { CHECK(std::get<Result>(message).finish == Finish::length); }},
    {"result without outputs",
     [](const DataMessage& message) {
       const Result& result = std::get<Result>(message);
       CHECK(result.id == RequestId{43});
       CHECK(result.outputs.empty());
       check_times(result.times, 0, 0, 0, 0);
     }},
    {"result with every datatype",
     [](const DataMessage& message) { CHECK(std::get<Result>(message).outputs.size() == 12); }},
    {"error: fetch_failed", error_check("fetch_failed")},
    {"error: hash_mismatch", error_check("hash_mismatch")},
    {"error: runtime_missing", error_check("runtime_missing")},
    {"error: bad_input", error_check("bad_input")},
    {"error: run_failed", error_check("run_failed")},
    {"error: device_lost", error_check("device_lost")},
    {"error: tensor_lost", error_check("tensor_lost")},
    {"error: cancelled", error_check("cancelled")},
    {"error: no_backend",
     [](const DataMessage& message) {
       const RunError& error = std::get<RunError>(message);
       CHECK(error.id == 41);
       CHECK(error.code == "no_backend");
       CHECK(error.message == "none of 2 backends could hold the model");
       REQUIRE(error.tried.size() == 2);
       CHECK(error.tried[0].backend == Backend::webnn);
       CHECK(error.tried[0].message == "this browser has no navigator.ml");
       CHECK(error.tried[1].backend == Backend::wasm);
       CHECK(error.tried[1].message == "kernel not found: \"Foo\"");
       CHECK(error.stack.empty());
       CHECK(error.started);
     }},
    {"error of a run that had not begun",
     [](const DataMessage& message) { CHECK_FALSE(std::get<RunError>(message).started); }},
    {"device_lost",
     [](const DataMessage& message) {
       const DeviceLost& lost = std::get<DeviceLost>(message);
       CHECK(lost.reason == "destroyed");
       CHECK(lost.message.empty());
     }},
};

void check_tensors(const std::vector<NamedTensor>& outputs, dom::element message, const char* field) {
  const auto expected = tensors_of(message, field);
  REQUIRE(outputs.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(outputs[i].name == expected[i].name);
    CHECK(outputs[i].tensor.datatype() == expected[i].tensor.datatype());
    CHECK(outputs[i].tensor.shape() == expected[i].tensor.shape());
    CHECK(text_of(outputs[i].tensor.bytes()) == text_of(expected[i].tensor.bytes()));
  }
}

}  // namespace

TEST_CASE("the pool writes its golden messages byte for byte", "[protocol]") {
  std::size_t count = 0;
  for (const dom::element message : dom::array(golden()["messages"])) {
    if (text(message, "direction") != "pool_to_page") continue;
    const std::string name = text(message, "name");
    INFO(name);
    ++count;
    if (text(message["header"], "type") == "run") {
      CHECK(encoded_run(message) == unhex(text(message, "frame")));
    } else {
      REQUIRE(written.contains(name));
      CHECK(written.at(name) == unhex(text(message, "frame")));
    }
  }
  CHECK(count >= written.size());
}

TEST_CASE("the pool reads the pages' golden messages, every field", "[protocol]") {
  Decoder decoder;
  std::size_t count = 0;
  for (const dom::element message : dom::array(golden()["messages"])) {
    if (text(message, "direction") != "page_to_pool") continue;
    const std::string name = text(message, "name");
    INFO(name);
    ++count;
    const auto frame = test::owned(unhex(text(message, "frame")));
    if (text(message, "socket") == "control") {
      const auto read = decoder.control(bytes_of(*frame));
      if (!read) FAIL(read.error().message());
      REQUIRE(control_checks.contains(name));
      control_checks.at(name)(*read);
      if (const auto* custom = std::get_if<Custom>(&*read)) check_tensors(custom->tensors, message, "tensors");
      CHECK_FALSE(decoder.data(bytes_of(*frame), frame));
    } else {
      const auto read = decoder.data(bytes_of(*frame), frame);
      if (!read) FAIL(read.error().message());
      REQUIRE(data_checks.contains(name));
      data_checks.at(name)(*read);
      if (const auto* result = std::get_if<Result>(&*read)) check_tensors(result->outputs, message, "outputs");
      CHECK_FALSE(decoder.control(bytes_of(*frame)));
    }
  }
  CHECK(count == control_checks.size() + data_checks.size());
}

TEST_CASE("the pool refuses every golden malformed frame", "[protocol]") {
  Decoder decoder;
  for (const dom::element message : dom::array(golden()["malformed"])) {
    INFO(text(message, "name") << ": " << text(message, "why"));
    const auto frame = test::owned(unhex(text(message, "frame")));
    const auto control = decoder.control(bytes_of(*frame));
    const auto data = decoder.data(bytes_of(*frame), frame);
    REQUIRE_FALSE(control);
    REQUIRE_FALSE(data);
    CHECK(control.error().code() == errc::malformed_frame);
    CHECK(data.error().code() == errc::malformed_frame);
    CHECK_FALSE(data.error().message().empty());
  }
}
