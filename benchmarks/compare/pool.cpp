#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <webpool/detail/read_file.hpp>
#include <webpool/resource_pool.hpp>

#include "../../examples/demo/reference.hpp"
#include "../../tests/support/onnx_file.hpp"
#include "compare.hpp"
#include "lines.hpp"
#include "requests.hpp"

namespace compare {
namespace {

using webpool::Model, webpool::Tensor, webpool::testing::OnnxValue;

OnnxValue vector_of(std::string name, int element) { return {std::move(name), {{"n_" + name}}, element}; }
constexpr int fp32 = 1, uint8 = 2, int64 = 7, fp64 = 11;

/// A pool of one kind of browser, and what the tasks have loaded into it.
class Contender {
 public:
  Contender(webpool::PoolOptions options, std::filesystem::path sources, std::filesystem::path models)
      : replicas_(options.min_connections), sources_(std::move(sources)), models_(std::move(models)), pool_(options) {}

  std::string do_task(const Task& task) {
    const std::string kind = task.text("task");
    if (kind == "round_trip")
      return make_round_trips(own("echo", {vector_of("x", fp32)}, vector_of("y", fp32)),
                              {task.number("bytes"), task.number("in_flight"), task.number("count")},
                              task.text("calls") == "handlers" || task.number("in_flight") > 1);
    if (kind == "wait") {
      const Tensor ms = Tensor::from(std::vector{static_cast<float>(task.number("ms"))}, {1});
      const Model& model = own("wait", {vector_of("ms", fp32)}, vector_of("waited", fp32));
      return relay(model, {{"ms", ms}}, task.number("in_flight"), task.number("count")).json;
    }
    if (kind == "loop") return loop(task);
    const Model& model = loaded(task.text("model"), *webpool::parse_backend(task.text("backend")));
    if (kind == "scale_up") return scale_up(model);
    const webpool::Inputs inputs = inputs_for(model.info());
    const std::size_t in_flight = task.number("in_flight"), count = task.number("count");
    return (in_flight > 1 ? relay(model, inputs, in_flight, count) : call(model, inputs, count)).json;
  }

 private:
  const Model& loaded(const std::string& file, webpool::Backend backend) {
    const auto found = loaded_.find({file, backend});
    if (found != loaded_.end()) return found->second;
    const std::string name = file + " on " + std::string(to_string(backend));
    return loaded_
        .emplace(std::pair(file, backend),
                 pool_.load(models_ / file, {.name = name, .backends = {backend}, .replicas = replicas_}))
        .first->second;
  }

  /// A model for a backend of the benchmark's own, which looks at nothing but the tensors.
  const Model& own(const std::string& name, const std::vector<OnnxValue>& inputs, const OnnxValue& output) {
    if (const auto found = own_.find(name); found != own_.end()) return found->second;
    const auto file = folder_.path() / (name + ".onnx");
    std::ofstream(file, std::ios::binary) << webpool::testing::onnx_file(inputs, {output});
    const auto backend = webpool::register_backend({name, sources_ / (name + "_backend.js")});
    return own_.emplace(name, pool_.load(file, {.backends = {backend}, .replicas = replicas_})).first->second;
  }

  /// The model's session in a loop inside a tab, each run timed there.
  std::string loop(const Task& task) {
    const auto bytes = webpool::detail::read_file(models_ / task.text("model"));
    const Model& real = loaded(task.text("model"), *webpool::parse_backend(task.text("backend")));
    const Tensor input = inputs_for(real.info()).front().tensor;
    const std::string backend = task.text("backend");
    const auto raw = [](std::span<const std::byte> content) {
      return Tensor(webpool::Datatype::uint8, {static_cast<std::int64_t>(content.size())}, content, nullptr);
    };
    const Model& model = own(
        "loop",
        {vector_of("model", uint8), vector_of("backend", uint8), vector_of("input", uint8), vector_of("count", int64)},
        vector_of("times_us", fp64));
    const auto count = static_cast<std::int64_t>(task.number("count"));
    const auto outputs = model({{"model", raw(std::as_bytes(std::span(*bytes)))},
                                {"backend", raw(std::as_bytes(std::span(backend)))},
                                {"input", raw(input.bytes())},
                                {"count", Tensor::from(std::vector{count}, {1})}});
    std::string json = R"({"times_us":[)";
    for (const double time : outputs["times_us"].as<double>()) json += std::to_string(time) + ',';
    json.back() = ']';
    return json + '}';
  }

  std::size_t replicas_;
  demo::TemporaryFolder folder_;
  std::filesystem::path sources_, models_;
  webpool::ResourcePool<> pool_;
  std::map<std::string, Model> own_;
  std::map<std::pair<std::string, webpool::Backend>, Model> loaded_;
};

}  // namespace

int pool(const Arguments& arguments) {
  webpool::PoolOptions options{.min_connections = std::stoul(arguments.at(1)),
                               .max_connections = std::stoul(arguments.at(2)),
                               .browsers = {browser_named(arguments.at(0))}};
  options.connection.requests_in_flight = static_cast<unsigned>(std::stoul(arguments.at(3)));
  options.busy_poll = std::chrono::microseconds(std::stoul(arguments.at(4)));
  options.backlog.bytes = 0;
  Contender contender(options, arguments.at(5), arguments.at(6));
  serve({}, [&](const Task& task) { return contender.do_task(task); });
  return 0;
}

}  // namespace compare
