#include <webpool/driver/batcher.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// So long that only what a test does can send a batch.
constexpr std::chrono::microseconds ages = 1h;

struct First {
  Ends first;  ///< of a base class, because it must outlive the pool
};

/// A tab that has a run of one picture, 100, so that what comes then collects.
struct Busy : First, Stage {
  explicit Busy(BatchOptions batching, PoolOptions options = quiet())
      : Stage(std::move(options), {.batching = std::move(batching)}) {
    model->async_run(picture(100), first.handler());
    running.emplace(run());
  }

  void submit(const Inputs& inputs, Ends& ends, RequestOptions options = {}) {
    model->async_run(inputs, std::move(options), ends.handler());
  }
  /// Answers the run of the first picture, after which what was collected is sent.
  void end_first() { worker->answer(*running); }

  std::optional<Received> running;
};

std::size_t rows_in(const Received& run) { return run.tensors.size() / (28 * 28 * sizeof(float)); }

/// The first number of each row.
std::vector<float> firsts(const Outputs& outputs) {
  const Tensor& tensor = outputs["probabilities"];
  std::vector<float> values;
  for (std::size_t row = 0; row * 10 < tensor.as<float>().size(); ++row) values.push_back(tensor.as<float>()[row * 10]);
  CHECK(tensor.shape() == Shape{static_cast<std::int64_t>(values.size()), 10});
  return values;
}

std::vector<float> firsts(const Ends& ends) { return firsts(ends.results().at(0)); }

Error only_error(const Ends& ends) {
  REQUIRE(ends.reach(1));
  REQUIRE(ends.errors().size() == 1);
  CHECK(ends.count() == 1);
  return ends.errors()[0];
}

}  // namespace

TEST_CASE("requests that come while a run computes are one run, and each gets exactly its rows back") {
  Busy stage({.maximum = 8, .delay = ages});
  Ends one, two, three;
  stage.submit(picture(1), one);
  stage.submit(pictures({20, 30}), two);
  stage.submit(picture(400), three);
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
  stage.end_first();
  const Received run = stage.run();
  CHECK(rows_in(run) == 4);
  CHECK_THAT(run.header, contains(R"("shape":[4,1,28,28])"));
  std::this_thread::sleep_for(20ms);
  stage.worker->answer(run);
  REQUIRE(one.reach(1));
  REQUIRE(two.reach(1));
  REQUIRE(three.reach(1));
  CHECK(firsts(stage.first) == std::vector<float>{100});
  CHECK(firsts(one) == std::vector<float>{1});
  CHECK(firsts(two) == std::vector<float>{20, 30});
  CHECK(firsts(three) == std::vector<float>{400});
  CHECK(one.results()[0]["probabilities"].as<float>()[9] == 10);
  CHECK(one.results()[0].where().backend == Backend::wasm);
  CHECK(one.results()[0].times().compute == 1);
  CHECK(one.results()[0].times().total >= 70);  // its own time: the wait for the first run and the run
  CHECK(stage.pool.metrics().submitted == 2);
  CHECK(stage.pool.metrics().completed == 2);
}

TEST_CASE("a request for an idle tab is sent at once") {
  Busy stage({.maximum = 8, .delay = ages});
  stage.end_first();
  REQUIRE(stage.first.reach(1));
  Ends ends;
  stage.submit(picture(7), ends);
  stage.worker->answer(stage.run());
  REQUIRE(ends.reach(1));
  CHECK(firsts(ends) == std::vector<float>{7});
}

TEST_CASE("the delay ends while the tab could take one more run") {
  Ends ends;
  Busy stage({.maximum = 8, .delay = 30ms});
  stage.submit(picture(1), ends);
  stage.submit(picture(2), ends);
  const Received run = stage.run();
  CHECK(rows_in(run) == 2);
  stage.submit(picture(3), ends);  // the tab has all that it may
  CHECK_FALSE(stage.worker->socket.has_news(100ms));
  stage.worker->answer(run);
  CHECK(rows_in(stage.run()) == 1);
}

TEST_CASE("a full batch does not wait") {
  Ends ends;
  Busy stage({.maximum = 3, .delay = ages});
  for (int i = 0; i < 4; ++i) stage.submit(picture(static_cast<float>(i)), ends);
  CHECK(rows_in(stage.run()) == 3);
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
}

TEST_CASE("a batch of a preferred size does not wait") {
  Ends ends;
  Busy stage({.maximum = 8, .delay = ages, .preferred = {2}});
  for (int i = 0; i < 3; ++i) stage.submit(picture(static_cast<float>(i)), ends);
  CHECK(rows_in(stage.run()) == 2);
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
}

TEST_CASE("what is not alike is not put together") {
  Ends ends;
  PoolOptions options = quiet();
  options.connection.requests_in_flight = 8;
  ResourcePool pool(std::move(options));
  RawTab tab(pool.join_url());
  const TemporaryFolder folder;
  const auto file = folder.add("free.onnx", onnx_file({{"x", {{"batch", "width"}}}}, {{"y", {{"batch", 1}}}}));
  auto loading =
      std::async(std::launch::async, [&] { return pool.load(file, {.batching = {.maximum = 8, .delay = 50ms}}); });
  RawWorker worker = tab.loaded_worker();
  const Model model = loading.get();
  const auto wide = [](std::int64_t width) -> Inputs {
    return {{"x", Tensor::from(std::vector<float>(static_cast<std::size_t>(width)), {1, width})}};
  };
  model.async_run(wide(1), ends.handler());
  next(worker.socket, "run");
  model.async_run(wide(2), ends.handler());
  model.async_run(wide(3), ends.handler());
  model.async_run(wide(2), {.priority = 1}, ends.handler());
  model.async_run(wide(2), {.client = 1}, ends.handler());
  model.async_run(wide(2), {.outputs = {"y"}}, ends.handler());
  model.async_run(wide(2), ends.handler());
  std::vector<std::string> shapes;
  for (int i = 0; i < 5; ++i) shapes.emplace_back(next(worker.socket, "run").value("shape").substr(0, 5));
  CHECK(shapes == std::vector<std::string>{"[2,2]", "[1,3]", "[1,2]", "[1,2]", "[1,2]"});
  CHECK_FALSE(worker.socket.has_news(100ms));
}

// --- ends of one and of all

TEST_CASE("one request of a batch can be cancelled, before it is sent and while it runs") {
  Busy stage({.maximum = 8, .delay = ages});
  Ends early, late, stays;
  asio::cancellation_signal cancel_early, cancel_late;
  stage.model->async_run(picture(1), asio::bind_cancellation_slot(cancel_early.slot(), early.handler()));
  stage.submit(picture(2), stays);
  stage.model->async_run(picture(3), asio::bind_cancellation_slot(cancel_late.slot(), late.handler()));
  cancel_early.emit(asio::cancellation_type::total);
  CHECK(only_error(early).code() == errc::cancelled);
  CHECK(only_error(early).message() == "cancelled by the caller");
  stage.end_first();
  const Received run = stage.run();
  CHECK(rows_in(run) == 2);
  cancel_late.emit(asio::cancellation_type::total);
  CHECK(only_error(late).code() == errc::cancelled);
  CHECK_FALSE(stage.worker->socket.has_news(50ms));  // the other one still wants the run
  stage.worker->answer(run);
  REQUIRE(stays.reach(1));
  CHECK(firsts(stays) == std::vector<float>{2});
  cancel_late.emit(asio::cancellation_type::total);
  CHECK(stage.pool.metrics().cancelled == 0);
  CHECK(late.count() == 1);
}

TEST_CASE("a run that nobody waits for any more is cancelled, and the next batch takes its place") {
  Busy stage({.maximum = 8, .delay = ages});
  stage.submit(picture(0), stage.first);  // of a second run, so that the tab is full
  Ends ends, next_ends;
  asio::cancellation_signal signals[2];
  stage.end_first();
  Received run = stage.run();
  for (auto& signal : signals)
    stage.model->async_run(picture(1), asio::bind_cancellation_slot(signal.slot(), ends.handler()));
  stage.worker->answer(run);
  run = stage.run();
  CHECK(rows_in(run) == 2);
  stage.submit(picture(5), next_ends);
  for (auto& signal : signals) signal.emit(asio::cancellation_type::total);
  REQUIRE(ends.reach(2));
  for (const Error& error : ends.errors()) CHECK(error.code() == errc::cancelled);
  CHECK(next(stage.worker->socket, "cancel").integer("id") == run.integer("id"));
  const Received after = stage.run();
  stage.worker->answer(run);
  stage.worker->answer(after);
  REQUIRE(next_ends.reach(1));
  CHECK(firsts(next_ends) == std::vector<float>{5});
  CHECK(stage.pool.metrics().cancelled == 1);
  CHECK(ends.count() == 2);
}

TEST_CASE("a deadline ends its own request, while it waits and while it runs") {
  Busy stage({.maximum = 8, .delay = 20ms});
  Ends soon, waits, stays;
  stage.submit(picture(1), soon, {.deadline = 500ms});
  stage.submit(picture(2), stays);
  const Received run = stage.run();
  CHECK(rows_in(run) == 2);
  stage.submit(picture(3), waits, {.deadline = 500ms});  // the tab is full
  for (const Ends* ends : {&soon, &waits}) {
    const Error error = only_error(*ends);
    CHECK(error.code() == errc::deadline_exceeded);
    CHECK(error.message() == "the request's deadline passed before its result came");
  }
  CHECK(stays.count() == 0);
  stage.worker->answer(run);
  REQUIRE(stays.reach(1));
  CHECK(firsts(stays) == std::vector<float>{2});
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
}

TEST_CASE("a request whose deadline comes before the delay ends does not wait") {
  Busy stage({.maximum = 8, .delay = ages});
  Ends patient, hurried, late;
  stage.submit(picture(1), patient);
  stage.submit(picture(2), hurried, {.deadline = 10s});
  const Received run = stage.run();
  CHECK(rows_in(run) == 2);
  stage.submit(picture(3), late, {.deadline = std::chrono::milliseconds::min()});
  CHECK(only_error(late).code() == errc::deadline_exceeded);
  stage.worker->answer(run);
  REQUIRE(patient.reach(1));
  REQUIRE(hurried.reach(1));
}

TEST_CASE("a run that fails ends all of its requests with the error") {
  Busy stage({.maximum = 8, .delay = ages});
  Ends ends;
  stage.submit(picture(1), ends);
  stage.submit(picture(2), ends);
  stage.end_first();
  const std::uint64_t run = stage.run().integer("id");
  std::string expected;
  SECTION("the page says so") {
    stage.worker->fail(run, "run_failed", "out of memory");
    expected = "model 'digits' on firefox/wasm: out of memory";
  }
  SECTION("the rows are wrong") {
    const std::vector<float> values(30);
    stage.worker->result(run, values, "[3,10]");
    expected = "the page answered a batch of 2 requests with outputs that have another number of rows";
  }
  REQUIRE(ends.reach(2));
  REQUIRE(ends.errors().size() == 2);
  for (const Error& error : ends.errors()) {
    CHECK(error.code() == errc::run_failed);
    CHECK_THAT(error.message(), contains(expected));
  }
}

TEST_CASE("every request ends once, whatever ends the pool, the model or the tab") {
  Busy stage({.maximum = 2, .delay = ages});
  Ends ends;
  for (int i = 0; i < 3; ++i) stage.submit(picture(), ends);
  stage.run();  // two of them run, one waits
  std::size_t ended = 3;
  errc expected{};
  SECTION("close") {
    stage.pool.close();
    expected = errc::pool_closed;
  }
  SECTION("release") {
    stage.model.reset();
    expected = errc::model_released;
  }
  SECTION("the tab") {
    stage.tab.socket.drop();
    stage.worker->socket.drop();
    expected = errc::connection_lost;
    ended = 2;  // the third is for the next tab
  }
  REQUIRE(ends.reach(ended));
  CHECK(only_error(stage.first).code() == expected);
  for (const Error& error : ends.errors()) CHECK(error.code() == expected);
  if (ended == 2) {
    CHECK(ends.count() == 2);
    ServingTab other(stage.pool.join_url());
    REQUIRE(ends.reach(3));
    CHECK(ends.results().size() == 1);
  }
  CHECK(ends.count() == 3);
}

// --- settings

TEST_CASE("the maximum can be changed, and 1 switches batches off") {
  Ends ends;
  Busy stage({.maximum = 8, .delay = ages}, [] {
    PoolOptions options = quiet();
    options.connection.requests_in_flight = 8;
    return options;
  }());
  stage.submit(picture(1), ends);
  stage.submit(picture(2), ends);
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
  stage.model->set_max_batch_size(1);
  stage.submit(picture(3), ends);
  CHECK(rows_in(stage.run()) == 2);  // what was collected
  CHECK(rows_in(stage.run()) == 1);
  stage.submit(picture(4), ends);
  CHECK(rows_in(stage.run()) == 1);
  stage.model->set_max_batch_size(2);
  stage.submit(picture(5), ends);
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
  stage.submit(picture(6), ends);
  CHECK(rows_in(stage.run()) == 2);

  const Error none = error_of([&] { stage.model->set_max_batch_size(0); });
  CHECK(none.code() == errc::invalid_options);
}

TEST_CASE("a model that can't be batched is refused with the axis, at load and later") {
  Stage stage(quiet(), {.free_dimensions = {{"batch", 1}}});
  const std::string sentence =
      "model 'digits': batches of up to 8 rows are asked for, but axis 0 of input 'image' [1, 1, 28, 28] is not a free "
      "dimension";
  Error error = error_of([&] { stage.model->set_max_batch_size(8); });
  CHECK(error.code() == errc::invalid_options);
  CHECK(error.message() == sentence);
  CHECK_NOTHROW(stage.model->set_max_batch_size(1));
  error = error_of([&] { stage.pool.load(digits(), {.free_dimensions = {{"batch", 1}}, .batching = {.maximum = 8}}); });
  CHECK(error.code() == errc::invalid_options);
  CHECK(error.message() == sentence);
}

// --- models whose file doesn't say what the batch is

namespace {

/// x: [a], y: [b], in a pool whose one tab takes all that comes.
struct Doubtful {
  explicit Doubtful(BatchOptions batching) : pool(options()), tab(pool.join_url()) {
    const auto file = folder.add("odd.onnx", onnx_file({{"x", {{"unk__314"}}}}, {{"y", {{""}}}}));
    auto loading = std::async(std::launch::async, [&] { return pool.load(file, {.batching = batching}); });
    worker.emplace(tab.loaded_worker());
    model.emplace(loading.get());
    model->async_run(x({9}), first.handler());
    running.emplace(run());
  }

  PoolOptions options() {
    PoolOptions options = quiet();
    options.connection.requests_in_flight = 8;
    options.log = [this](LogLevel, std::string_view line) {
      if (line.find("can't be batched") != line.npos) complaints.emplace_back(line);
    };
    return options;
  }
  static Inputs x(std::vector<float> values) {
    const auto rows = static_cast<std::int64_t>(values.size());
    return {{"x", Tensor::from(std::move(values), {rows})}};
  }

  Received run() { return next(worker->socket, "run"); }
  static std::vector<float> values(const Received& run) {
    std::vector<float> values(run.tensors.size() / sizeof(float));
    std::memcpy(values.data(), run.tensors.data(), run.tensors.size());
    return values;
  }
  /// As a model whose rows are those of its input.
  void answer(const Received& run) {
    worker->result(run.integer("id"), values(run), "[" + std::to_string(values(run).size()) + "]", "y");
  }
  /// As a model that always has as many rows.
  void answer_one(const Received& run) { worker->result(run.integer("id"), std::vector{values(run)[0]}, "[1]", "y"); }

  static float y(const Ends& ends) { return ends.results().at(0)["y"].as<float>()[0]; }

  Ends first;
  std::vector<std::string> complaints;  ///< in the log, of the pool's thread
  TemporaryFolder folder;
  ResourcePool<> pool;
  RawTab tab;
  std::optional<RawWorker> worker;
  std::optional<Model> model;
  std::optional<Received> running;
};

}  // namespace

TEST_CASE("axes of different names are batched if the answers have the rows of the inputs") {
  Doubtful stage({.maximum = 2, .delay = ages});
  stage.answer(*stage.running);
  for (float round = 0; round < 2; ++round) {
    Ends busy, one, two;
    stage.model->async_run(Doubtful::x({9}), busy.handler());
    const Received running = stage.run();
    stage.model->async_run(Doubtful::x({round}), one.handler());
    stage.model->async_run(Doubtful::x({round + 10}), two.handler());
    const Received run = stage.run();
    CHECK(Doubtful::values(run) == std::vector{round, round + 10});
    stage.answer(run);
    stage.answer(running);
    REQUIRE((one.reach(1) && two.reach(1) && busy.reach(1)));
    CHECK(Doubtful::y(one) == round);
    CHECK(Doubtful::y(two) == round + 10);
  }
}

TEST_CASE("a batch whose answer has other rows runs apart, and so does all that comes later") {
  Ends one, two, waits, later;
  Doubtful stage({.maximum = 2, .delay = ages});
  stage.model->async_run(Doubtful::x({1}), one.handler());
  stage.model->async_run(Doubtful::x({2}), two.handler());
  const Received batch = stage.run();
  stage.model->async_run(Doubtful::x({3}), waits.handler());
  stage.answer_one(batch);
  std::vector<float> apart;
  for (int i = 0; i < 3; ++i) {
    const Received run = stage.run();
    CHECK(Doubtful::values(run).size() == 1);
    apart.push_back(Doubtful::values(run)[0]);
    stage.answer_one(run);
  }
  std::ranges::sort(apart);
  CHECK(apart == std::vector<float>{1, 2, 3});
  REQUIRE((one.reach(1) && two.reach(1) && waits.reach(1)));
  CHECK(Doubtful::y(one) == 1);
  CHECK(Doubtful::y(two) == 2);
  CHECK(Doubtful::y(waits) == 3);
  for (float value : {4.F, 5.F}) {  // the first run has not ended, and still nothing is collected
    stage.model->async_run(Doubtful::x({value}), later.handler());
    CHECK(Doubtful::values(stage.run()) == std::vector{value});
  }
  CHECK(stage.first.count() == 0);
  stage.pool.close();
  CHECK(stage.complaints == std::vector<std::string>{"model 'odd' can't be batched, so its requests run apart from now "
                                                     "on: outputs for 2 rows of inputs came with another number of "
                                                     "rows"});
}

TEST_CASE("a batch with other rows that must not run again ends with the error") {
  Ends ends;
  Doubtful stage({.maximum = 2, .delay = ages});
  for (float value : {1.F, 2.F}) stage.model->async_run(Doubtful::x({value}), {.retry = Retry::never}, ends.handler());
  stage.answer_one(stage.run());
  REQUIRE(ends.reach(2));
  for (const Error& error : ends.errors())
    CHECK(error.message() == "the page answered a batch of 2 requests with outputs that have another number of rows");
  stage.model->async_run(Doubtful::x({4}), ends.handler());
  CHECK(Doubtful::values(stage.run()).size() == 1);
}

TEST_CASE("one request whose answer has other rows ends batches before there is one") {
  Ends ends;
  Doubtful stage({.maximum = 8, .delay = ages});
  stage.answer(*stage.running);
  stage.model->async_run(Doubtful::x({1, 2}), ends.handler());
  const Received alone = stage.run();
  stage.model->async_run(Doubtful::x({3}), ends.handler());
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
  stage.answer_one(alone);
  REQUIRE(ends.reach(1));
  CHECK(ends.results()[0]["y"].shape() == Shape{1});
  CHECK(Doubtful::values(stage.run()) == std::vector<float>{3});
  stage.model->async_run(Doubtful::x({4}), ends.handler());
  CHECK(Doubtful::values(stage.run()) == std::vector<float>{4});
}

TEST_CASE("run_batch lays requests of such a model end to end only if they are batched") {
  Doubtful stage({.maximum = 1});
  auto together = std::async(std::launch::async, [&] {
    return stage.model->run_batch({Doubtful::x({1}), Doubtful::x({2})});
  });
  for (int i = 0; i < 2; ++i) stage.answer(stage.run());
  CHECK(together.get().at(1)["y"].as<float>()[0] == 2);
  stage.model->set_max_batch_size(4);
  together = std::async(std::launch::async, [&] {
    return stage.model->run_batch({Doubtful::x({1}), Doubtful::x({2})});
  });
  const Received run = stage.run();
  CHECK(Doubtful::values(run) == std::vector<float>{1, 2});
  stage.answer(run);
  CHECK(together.get().at(1)["y"].as<float>()[0] == 2);
}

TEST_CASE("many threads and tabs: every request gets its own row") {
  ResourcePool pool(quiet());
  std::vector<std::unique_ptr<ServingTab>> tabs;
  for (int i = 0; i < 2; ++i) tabs.push_back(std::make_unique<ServingTab>(pool.join_url()));
  const Model model = pool.load(digits(), {.replicas = 2, .batching = {.maximum = 8, .delay = 500us}});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 10; ++round) {
        std::vector<Inputs> requests;
        for (int i = 0; i < 8; ++i) requests.push_back(picture(static_cast<float>(t * 1000 + round * 10 + i)));
        const auto results = model.run_concurrent(std::move(requests));
        for (int i = 0; i < 8; ++i) {
          const auto& result = results[static_cast<std::size_t>(i)];
          const auto right = static_cast<float>(t * 1000 + round * 10 + i);
          if (!result || (*result)["probabilities"].shape() != Shape{1, 10} ||
              (*result)["probabilities"].as<float>()[0] != right)
            ++wrong;
        }
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  const Metrics metrics = pool.metrics();
  CHECK(metrics.submitted == metrics.completed);
  CHECK(metrics.completed < 320);
  CHECK(tabs[0]->runs() + tabs[1]->runs() == metrics.completed);
}
