#include <webpool/driver/residents.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// A model whose output can be its input: both are vectors of any size.
const std::filesystem::path& chain(const char* name = "chain") {
  static std::map<std::string, std::filesystem::path> files;
  static const TemporaryFolder folder;
  auto& file = files[name];
  if (file.empty()) file = folder.add(name + std::string(".onnx"), onnx_file({{"x", {{"n"}}}}, {{"y", {{"n"}}}}));
  return file;
}

Inputs floats(std::vector<float> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return {{"x", Tensor::from(std::move(values), {size})}};
}

const RequestOptions keep_y{.keep_on_device = {"y"}};

/// A pool with one tab that holds the model.
struct Tab {
  explicit Tab(PoolOptions options = quiet(), ModelOptions how = {})
      : pool(std::move(options)), tab(pool.join_url()), model(load(how)) {}

  Model load(const ModelOptions& how, const char* name = "chain") {
    auto loading = std::async(std::launch::async, [&] { return pool.load(chain(name), how); });
    workers.push_back(tab.loaded_worker());
    return loading.get();
  }

  /// The run of `request`, answered as a page that keeps y of so many elements.
  Outputs kept(const Inputs& inputs, std::size_t elements = 2) {
    auto answer = std::async(std::launch::async, [&] { return model(inputs, keep_y); });
    const Received run = next(workers[0].socket, "run");
    answer_kept(run, run.value("keep").substr(0, 40), elements);
    return answer.get();
  }
  void answer_kept(const Received& run, std::string_view keep, std::size_t elements) {
    const std::string id(keep.substr(keep.find("tensor\":") + 8));
    workers[0].socket.send(frame(R"({"type":"result","id":)" + std::to_string(run.integer("id")) +
                                 R"(,"outputs":[],"kept":[{"name":"y","datatype":"FP32","shape":[)" +
                                 std::to_string(elements) + R"(],"tensor":)" + id.substr(0, id.find('}')) +
                                 R"(}],"times":{"queued":0,"upload":0,"compute":1,"download":0}})"));
  }

  ResourcePool<> pool;
  RawTab tab;
  std::vector<RawWorker> workers;
  Model model;
};

}  // namespace

TEST_CASE("an output that is asked to stay has a shape and no bytes, and is freed with its last handle") {
  Tab tab;
  std::optional<Outputs> outputs = tab.kept(floats({1, 2}));
  const Tensor copy = (*outputs)["y"];
  CHECK(copy.shape() == Shape{2});
  CHECK(copy.bytes().empty());
  Metrics metrics = tab.pool.metrics();
  CHECK(metrics.device_tensors == 1);
  CHECK(metrics.device_bytes == 8);
  CHECK(metrics.device_bytes_saved == 8);
  CHECK(metrics.memory_bytes == 1008);
  outputs.reset();
  CHECK(tab.pool.metrics().device_tensors == 1);
  const_cast<Tensor&>(copy) = {};
  CHECK(next(tab.workers[0].socket, "release").value("tensors").substr(0, 3) == "[1]");
  metrics = tab.pool.metrics();
  CHECK(metrics.device_tensors + metrics.device_bytes == 0);
  CHECK(metrics.memory_bytes == 1000);
}

TEST_CASE("a tensor that stayed is an input by its number, and bytes beside it travel") {
  Tab tab;
  const Tensor there = tab.kept(floats({1, 2}))["y"];
  auto answer = std::async(std::launch::async, [&] { return tab.model({{"x", there}}); });
  const Received run = next(tab.workers[0].socket, "run");
  CHECK(run.header.find(R"("inputs":[],"resident":[{"name":"x","tensor":1}])") != run.header.npos);
  CHECK(run.tensors.empty());
  const std::vector<float> result{5, 6};
  tab.workers[0].result(run.integer("id"), result, "[2]", "y");
  CHECK(answer.get()["y"].as<float>()[1] == 6);
  CHECK(tab.pool.metrics().device_bytes_saved == 16);
}

TEST_CASE("to_host copies the tensor, and the page's answer is checked") {
  Tab tab;
  const Tensor there = tab.kept(floats({1, 2}))["y"];
  const auto copy_as = [&](const std::string& shape, std::vector<float> values) {
    auto copy = std::async(std::launch::async, [&] { return there.to_host(); });
    const Received fetch = next(tab.workers[0].socket, "fetch");
    CHECK(fetch.integer("tensor") == 1);
    tab.workers[0].result(fetch.integer("id"), values, shape, "tensor");
    return copy.get();
  };
  CHECK(copy_as("[2]", {7, 8}).as<float>()[0] == 7);
  CHECK(tab.pool.metrics().device_copies == 1);
  CHECK(tab.pool.metrics().device_bytes_copied == 8);
  CHECK_THAT(error_of([&] {
               copy_as("[3]", {7, 8, 9});
             }).message(),
             contains("the page did not answer with the tensor of shape [2]"));
}

TEST_CASE("a copy that leaves something in the tab is none") {
  Tab tab;
  const Tensor there = tab.kept(floats({1, 2}))["y"];
  auto copy = std::async(std::launch::async, [&] { return there.to_host(); });
  const Received fetch = next(tab.workers[0].socket, "fetch");
  tab.answer_kept(fetch, R"([{"name":"y","tensor":2}])", 2);
  CHECK_THAT(error_of([&] { copy.get(); }).message(), contains("did not answer with the tensor"));
  CHECK(next(tab.workers[0].socket, "release").value("tensors").substr(0, 3) == "[2]");
  CHECK(tab.pool.metrics().device_tensors == 1);
}

TEST_CASE("a model elsewhere gets a copy") {
  Tab tab;
  const Model other = tab.load({}, "other");
  const Tensor there = tab.kept(floats({1, 2}))["y"];
  auto answer = std::async(std::launch::async, [&] { return other({{"x", there}}); });
  const std::vector<float> bytes{7, 8};
  tab.workers[0].result(next(tab.workers[0].socket, "fetch").integer("id"), bytes, "[2]", "tensor");
  const Received run = next(tab.workers[1].socket, "run");
  CHECK(run.header.find("resident") == run.header.npos);
  CHECK(run.tensors.size() == 8);
  tab.workers[1].result(run.integer("id"), bytes, "[2]", "y");
  CHECK(answer.get()["y"].as<float>()[0] == 7);
}

TEST_CASE("a tensor goes with its worker: the handle says so, and so does every use of it") {
  Tab tab;
  const Model other = tab.load({}, "other");
  const Tensor there = tab.kept(floats({1, 2}))["y"];
  CHECK_FALSE(there.device()->lost());
  tab.tab.socket.drop();
  CHECK(within(patience, [&] { return there.device()->lost(); }));
  CHECK(tab.pool.metrics().device_tensors == 0);
  CHECK(error_of([&] { tab.model({{"x", there}}); }).code() == errc::tensor_lost);
  CHECK(error_of([&] { other({{"x", there}}); }).code() == errc::tensor_lost);
  CHECK(error_of([&] { there.to_host(); }).code() == errc::tensor_lost);
  tab.pool.close();
  CHECK(error_of([&] { there.to_host(); }).code() == errc::pool_closed);
}

TEST_CASE("what a page keeps under another number than it was given fails the run and is let go") {
  Tab tab;
  auto answer = std::async(std::launch::async, [&] { return tab.model(floats({1, 2}), keep_y); });
  tab.answer_kept(next(tab.workers[0].socket, "run"), R"([{"name":"y","tensor":99}])", 2);
  CHECK_THAT(error_of([&] { answer.get(); }).message(), contains("kept the output 'y' as tensor 99"));
  CHECK(next(tab.workers[0].socket, "release").value("tensors").substr(0, 4) == "[99]");
  CHECK(tab.pool.metrics().device_tensors == 0);
}

TEST_CASE("what stays for a request that was cancelled is let go") {
  Tab tab;
  Ends ends;
  asio::cancellation_signal cancel;
  tab.model.async_run(floats({1, 2}), keep_y, asio::bind_cancellation_slot(cancel.slot(), ends.handler()));
  const Received run = next(tab.workers[0].socket, "run");
  cancel.emit(asio::cancellation_type::all);
  REQUIRE(ends.reach(1));
  tab.answer_kept(run, run.value("keep").substr(0, 40), 2);
  CHECK(next(tab.workers[0].socket, "release").value("tensors").substr(0, 3) == "[1]");
}

TEST_CASE("a cache answers the same question with the same tensor, until its tab is gone") {
  Tab tab(quiet(), {.response_cache_bytes = 10'000});
  const Outputs first = tab.kept(floats({1, 2}));
  const Outputs second = tab.model(floats({1, 2}), keep_y);
  CHECK(second.from_cache());
  CHECK(second["y"].device() == first["y"].device());
  CHECK(tab.pool.metrics().device_tensors == 1);
}

TEST_CASE("a tensor of another pool is refused") {
  Tab tab;
  Tab stranger;
  const Tensor there = stranger.kept(floats({1, 2}))["y"];
  CHECK_THAT(error_of([&] { tab.model({{"x", there}}); }).message(), contains("'x'") && contains("another pool"));
}

TEST_CASE("models that are loaded together share a worker, and each run names its own") {
  ResourcePool<> pool(quiet());
  RawTab tab(pool.join_url());
  auto loading = std::async(std::launch::async, [&] { return pool.load_together({chain("first"), chain("second")}); });
  RawWorker worker = tab.loaded_worker();
  const std::vector<Model> models = loading.get();
  CHECK(worker.load_message.find(R"("parts":[{"name":"second")") != worker.load_message.npos);
  REQUIRE(models.size() == 2);
  CHECK(pool.has_model("first"));
  CHECK(pool.has_model("second"));
  CHECK(error_of([&] { models[1].set_max_batch_size(2); }).code() == errc::invalid_options);
  for (const Model& model : models) {
    auto answer = std::async(std::launch::async, [&] { return model(floats({1})); });
    const Received run = next(worker.socket, "run");
    CHECK((run.header.find(R"("part":1)") != run.header.npos) == (model.name() == "second"));
    const std::vector<float> result{5};
    worker.result(run.integer("id"), result, "[1]", "y");
    CHECK(answer.get()["y"].as<float>()[0] == 5);
  }
}

TEST_CASE("models that can't be loaded together are refused with the reason") {
  ResourcePool<> pool(quiet());
  const auto error = [&](std::vector<ModelSource> parts, ModelOptions how = {}) {
    return error_of([&] { pool.load_together(std::move(parts), std::move(how)); });
  };
  CHECK(error({}).message() == "load_together was given no models");
  CHECK(error({chain("a"), chain("a")}).message() == "two of the models that are loaded together are named 'a'");
  CHECK(error({chain("a"), chain("b")}, {.url = "/x"}).code() == errc::invalid_options);
  CHECK_THAT(error({chain("a"), chain("b")}, {.free_dimensions = {{"batch", 1}}}).message(),
             contains("no free dimension 'batch'"));
}

TEST_CASE("a request that wants to be apart from a tensor waits until it has gone") {
  Tab tab;
  auto answer = std::async(std::launch::async, [&] {
    RequestOptions how = keep_y;
    how.placing = Placing{.group = "cache"};
    return tab.model(floats({1, 2}), how);
  });
  const Received first = next(tab.workers[0].socket, "run");
  tab.answer_kept(first, first.value("keep").substr(0, 40), 2);
  std::optional<Outputs> kept = answer.get();
  RequestOptions apart;
  apart.placing = Placing{.apart_from = {"cache"}};
  auto waits = std::async(std::launch::async, [&] { return tab.model(floats({3, 4}), apart); });
  CHECK_FALSE(tab.workers[0].socket.has_news(300ms));
  kept.reset();
  next(tab.workers[0].socket, "release");
  const Received second = next(tab.workers[0].socket, "run");
  const std::vector<float> result{5, 6};
  tab.workers[0].result(second.integer("id"), result, "[2]", "y");
  CHECK(waits.get()["y"].as<float>()[1] == 6);
}
