#include <webpool/model.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/use_future.hpp>
#if defined(ASIO_HAS_CO_AWAIT)
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#endif

#include "support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

float first_of(const Outputs& outputs) { return outputs["probabilities"].as<float>()[0]; }

/// A pool with some tabs that answer by themselves, and the digits model.
struct Served {
  explicit Served(std::size_t number = 1, ModelOptions how = {}) : pool(quiet()) {
    for (std::size_t i = 0; i < number; ++i) tabs.push_back(std::make_unique<ServingTab>(pool.join_url()));
    model.emplace(pool.load(digits(), std::move(how)));
  }
  unsigned runs() const {
    unsigned sum = 0;
    for (const auto& tab : tabs) sum += tab->runs();
    return sum;
  }

  ResourcePool<> pool;
  std::vector<std::unique_ptr<ServingTab>> tabs;
  std::optional<Model> model;
};

}  // namespace

TEST_CASE("a blocking call brings the outputs, where they were computed, and how long it took") {
  Served served;
  const Outputs outputs = (*served.model)(picture(7));
  CHECK(first_of(outputs) == 7.0F);
  CHECK(outputs["probabilities"].shape() == Shape{1, 10});
  CHECK(outputs.where().backend == Backend::wasm);
  CHECK(outputs.where().browser.browser == Browser::firefox);
  CHECK(outputs.times().compute == 1.0);
  CHECK(outputs.times().total > 0.0);
  const Error error = error_of([&] { outputs["confidence"]; });
  CHECK(error.code() == errc::unknown_output);
  CHECK_THAT(error.message(), contains("'confidence'") && contains("'probabilities'"));
}

TEST_CASE("bad inputs are refused before anything is sent") {
  Served served;
  const Model& model = *served.model;
  const auto refusal = [&](Inputs inputs, RequestOptions options = {}) {
    const Error blocking = error_of([&] { model(inputs, options); });
    Ends ends;
    model.async_run(inputs, options, ends.handler());
    REQUIRE(ends.reach(1));
    REQUIRE(ends.errors().size() == 1);
    CHECK(ends.errors()[0].message() == blocking.message());
    return blocking;
  };
  const Tensor image = picture()[0].tensor;

  Error error = refusal({{"picture", image}});
  CHECK(error.code() == errc::unknown_input);
  CHECK(error.message() == "model 'digits' has no input 'picture'; its inputs are 'image'");

  error = refusal({{"image", image}, {"image", image}});
  CHECK(error.code() == errc::unknown_input);
  CHECK(error.message() == "input 'image' of model 'digits' is given twice");

  error = refusal({});
  CHECK(error.code() == errc::missing_input);
  CHECK(error.message() == "model 'digits' needs input 'image' (FP32 [?, 1, 28, 28])");

  error = refusal({{"image", Tensor::from(std::vector<std::int64_t>(784), {1, 1, 28, 28})}});
  CHECK(error.code() == errc::wrong_datatype);
  CHECK(error.message() == "input 'image' of model 'digits' takes FP32, given INT64");

  error = refusal({{"image", Tensor::from(std::vector<float>(784), {1, 784})}});
  CHECK(error.code() == errc::wrong_shape);
  CHECK(error.message() == "input 'image' of model 'digits' has shape [?, 1, 28, 28], given [1, 784]");

  error = refusal(picture(), {.outputs = {"probabilities", "confidence"}});
  CHECK(error.code() == errc::unknown_output);
  CHECK(error.message() == "model 'digits' has no output 'confidence'; its outputs are 'probabilities'");

  CHECK(served.runs() == 0);
  CHECK(served.pool.metrics().submitted == 0);
  CHECK(first_of(model(picture(1))) == 1.0F);
}

TEST_CASE("a model that leaves the rank open takes and gives any shape") {
  ResourcePool pool(quiet());
  const ServingTab tab(pool.join_url(), [](RawWorker& worker, const Received& run) {
    const std::vector<float> values{1, 2, 3, 4, 5, 6};
    worker.result(run.integer("id"), values, "[2,3]", "y");
  });
  const TemporaryFolder folder;
  const Model model = pool.load(folder.add("free.onnx", onnx_file({{"x", {}}}, {{"y", {}}})));
  const Outputs outputs = model({{"x", Tensor::from(std::vector<float>{1, 2}, {1, 2, 1})}});
  CHECK(outputs["y"].shape() == Shape{2, 3});
}

// --- completion tokens

TEST_CASE("use_future brings the outputs or throws the error") {
  Served served;
  std::future<Outputs> good = served.model->async_run(picture(4), asio::use_future);
  std::future<Outputs> bad = served.model->async_run({}, asio::use_future);
  CHECK(first_of(good.get()) == 4.0F);
  CHECK(error_of([&] { bad.get(); }).code() == errc::missing_input);
}

TEST_CASE("a callback without an executor runs on the pool's thread, where blocking calls are refused") {
  Served served;
  std::promise<std::pair<std::thread::id, std::vector<Error>>> told;
  const auto block = [&](const std::exception_ptr&, const Outputs&) {
    std::vector<Error> errors;
    errors.push_back(error_of([&] { (*served.model)(picture()); }));
    errors.push_back(error_of([&] { served.model->run_concurrent({picture()}); }));
    errors.push_back(error_of([&] { served.model->run_batch({picture(), picture()}); }));
    errors.push_back(error_of([&] { served.pool.load(digits()); }));
    errors.push_back(error_of([&] { served.pool.execute_concurrent({{*served.model, picture()}}); }));
    errors.push_back(error_of([&] { served.pool.close(); }));
    CHECK(served.pool.metrics().models == 1);  // questions are answered there
    told.set_value({std::this_thread::get_id(), std::move(errors)});
  };
  served.model->async_run(picture(), block);
  const auto [thread, errors] = told.get_future().get();
  CHECK(thread != std::this_thread::get_id());
  for (const Error& error : errors) {
    CHECK(error.code() == errc::would_deadlock);
    CHECK_THAT(error.message(), contains("own thread"));
  }
}

TEST_CASE("a handler runs on its own executor, which waits for it") {
  Served served;
  asio::io_context context;
  std::vector<std::thread::id> threads;
  const auto note = [&](const std::exception_ptr&, const Outputs&) { threads.push_back(std::this_thread::get_id()); };
  served.model->async_run(picture(), asio::bind_executor(context, note));
  served.model->async_run({}, asio::bind_executor(context, note));
  context.run();  // returns when both have come
  CHECK(threads == std::vector(2, std::this_thread::get_id()));
}

#if defined(ASIO_HAS_CO_AWAIT)
TEST_CASE("a coroutine awaits outputs and catches errors") {
  Served served;
  asio::io_context context;
  std::vector<float> firsts;
  std::optional<Error> caught;
  const auto conversation = [&]() -> asio::awaitable<void> {
    for (const float value : {1.0F, 2.0F, 3.0F})
      firsts.push_back(first_of(co_await served.model->async_run(picture(value), asio::use_awaitable)));
    try {
      co_await served.model->async_run({}, asio::use_awaitable);
    } catch (const Error& error) {
      caught = error;
    }
  };
  asio::co_spawn(context, conversation, asio::detached);
  context.run();
  CHECK(firsts == std::vector{1.0F, 2.0F, 3.0F});
  REQUIRE(caught);
  CHECK(caught->code() == errc::missing_input);
}
#endif

// --- cancellation and deadlines

TEST_CASE("a cancellation slot ends a run, and the tab hears of it") {
  Stage stage;
  Ends ends;
  asio::cancellation_signal signal;
  stage.model->async_run(picture(), asio::bind_cancellation_slot(signal.slot(), ends.handler()));
  const Received run = stage.run();
  signal.emit(asio::cancellation_type::total);
  REQUIRE(ends.reach(1));
  REQUIRE(ends.errors().size() == 1);
  CHECK(ends.errors()[0].code() == errc::cancelled);
  CHECK(ends.errors()[0].message() == "cancelled by the caller");
  CHECK(next(stage.worker->socket, "cancel").integer("id") == run.integer("id"));

  stage.worker->answer(run);  // it was too late
  CHECK(within(patience, [&] { return stage.pool.metrics().late_replies == 1; }));
  signal.emit(asio::cancellation_type::total);
  const Metrics metrics = stage.pool.metrics();
  CHECK(metrics.cancelled == 1);
  CHECK(metrics.submitted == 1);
  CHECK(ends.count() == 1);
}

TEST_CASE("a request that waits can be cancelled and is never sent") {
  PoolOptions options = quiet();
  options.connection.requests_in_flight = 1;
  Stage stage(std::move(options));
  Ends first, second;
  asio::cancellation_signal signal;
  stage.model->async_run(picture(1), first.handler());
  stage.model->async_run(picture(2), asio::bind_cancellation_slot(signal.slot(), second.handler()));
  const Received run = stage.run();
  CHECK(stage.pool.metrics().queued == 1);
  signal.emit(asio::cancellation_type::terminal);
  REQUIRE(second.reach(1));
  CHECK(second.errors().at(0).code() == errc::cancelled);
  stage.worker->answer(run);
  REQUIRE(first.reach(1));
  CHECK(first.results().size() == 1);
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
}

TEST_CASE("a request that is cancelled at once ends once") {
  Served served;
  Ends ends;
  for (int i = 0; i < 50; ++i) {
    asio::cancellation_signal signal;
    served.model->async_run(picture(), asio::bind_cancellation_slot(signal.slot(), ends.handler()));
    signal.emit(asio::cancellation_type::total);
  }
  REQUIRE(ends.reach(50));
  for (const Error& error : ends.errors()) CHECK(error.code() == errc::cancelled);
  const Metrics metrics = served.pool.metrics();
  CHECK(metrics.completed + metrics.cancelled == metrics.submitted);
}

TEST_CASE("a deadline ends a request that waits and one that runs") {
  PoolOptions options = quiet();
  options.connection.requests_in_flight = 1;
  Stage stage(std::move(options));
  Ends ends;
  stage.model->async_run(picture(1), {.deadline = 500ms}, ends.handler());
  stage.model->async_run(picture(2), {.deadline = 500ms}, ends.handler());
  const Received run = stage.run();
  REQUIRE(ends.reach(2));
  REQUIRE(ends.errors().size() == 2);
  for (const Error& error : ends.errors()) {
    CHECK(error.code() == errc::deadline_exceeded);
    CHECK(error.message() == "the request's deadline passed before its result came");
  }
  CHECK(next(stage.worker->socket, "cancel").integer("id") == run.integer("id"));
  stage.worker->answer(run);
  CHECK(within(patience, [&] { return stage.pool.metrics().late_replies == 1; }));
  CHECK(stage.pool.metrics().expired == 2);
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
}

TEST_CASE("deadlines may be as long and as short as their type allows") {
  Served served;
  CHECK(first_of((*served.model)(picture(3), {.deadline = std::chrono::milliseconds::max()})) == 3.0F);
  CHECK(error_of([&] { (*served.model)(picture(), {.deadline = std::chrono::milliseconds::min()}); }).code() ==
        errc::deadline_exceeded);
}

TEST_CASE("a run without an answer times out") {
  PoolOptions options = quiet();
  options.connection.message_timeout = 150ms;
  Stage stage(std::move(options));
  const Error error = error_of([&] { (*stage.model)(picture()); });
  CHECK(error.code() == errc::timed_out);
  CHECK_THAT(error.message(), contains("model 'digits' in firefox 1.0: no answer for 0.15 s"));
}

// --- several at once

TEST_CASE("run_batch sends one run and splits its rows exactly") {
  Served served;
  const std::vector<Outputs> results =
      served.model->run_batch({pictures({1, 2}), picture(30), pictures({400, 500, 600})});
  CHECK(served.runs() == 1);
  REQUIRE(results.size() == 3);
  const std::vector<std::vector<float>> firsts{{1, 2}, {30}, {400, 500, 600}};
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Tensor& tensor = results[i]["probabilities"];
    REQUIRE(tensor.shape() == Shape{static_cast<std::int64_t>(firsts[i].size()), 10});
    for (std::size_t row = 0; row < firsts[i].size(); ++row)
      for (std::size_t digit = 0; digit < 10; ++digit)
        CHECK(tensor.as<float>()[row * 10 + digit] == firsts[i][row] + static_cast<float>(digit));
    CHECK(results[i].where().browser.browser == Browser::firefox);
  }
}

TEST_CASE("run_batch runs one by one what can't be one run") {
  std::vector<Outputs> results;
  SECTION("the batch has a fixed size") {
    Served served(1, {.free_dimensions = {{"batch", 1}}});
    results = served.model->run_batch({picture(1), picture(2)});
    CHECK(served.runs() == 2);
  }
  SECTION("the page gives the batch another number of rows") {
    ResourcePool pool(quiet());
    const ServingTab tab(pool.join_url(), [](RawWorker& worker, const Received& run) {
      if (run.tensors.size() == 784 * sizeof(float)) return worker.answer(run);
      const std::vector<float> one_row(10);
      worker.result(run.integer("id"), one_row, "[1,10]");
    });
    results = pool.load(digits()).run_batch({picture(1), picture(2)});
    CHECK(tab.runs() == 3);
  }
  REQUIRE(results.size() == 2);
  CHECK(first_of(results[0]) == 1.0F);
  CHECK(first_of(results[1]) == 2.0F);
}

TEST_CASE("run_batch of nothing and of one, and with a bad request among good ones") {
  Served served;
  CHECK(served.model->run_batch({}).empty());
  CHECK(first_of(served.model->run_batch({picture(6)}).at(0)) == 6.0F);
  CHECK(served.runs() == 1);
  CHECK(error_of([&] { served.model->run_batch({picture(), {}}); }).code() == errc::missing_input);
  CHECK(served.runs() == 1);
}

TEST_CASE("run_batch keeps to the maximum of rows where one is set") {
  Served served(1, {.batching = {.maximum = 3}});
  const std::vector<Outputs> results =
      served.model->run_batch({picture(1), pictures({2, 20}), picture(3), pictures({4, 5, 6, 7}), picture(8)});
  CHECK(served.runs() >= 3);  // of 3, 1, 4 and 1 rows, where the last may go with another one
  CHECK(served.runs() <= 4);
  REQUIRE(results.size() == 5);
  for (const std::size_t i : {0u, 2u, 4u}) CHECK(results[i]["probabilities"].shape() == Shape{1, 10});
  CHECK(results[1]["probabilities"].as<float>()[10] == 20.0F);
  CHECK(results[3]["probabilities"].shape() == Shape{4, 10});
  CHECK(results[3]["probabilities"].as<float>()[30] == 7.0F);
  CHECK(first_of(results[4]) == 8.0F);

  served.model->set_max_batch_size(1);  // no batches but those that are asked for
  const unsigned before = served.runs();
  CHECK(served.model->run_batch({picture(1), picture(2), picture(3), picture(4), picture(5)}).size() == 5);
  CHECK(served.runs() == before + 1);
}

TEST_CASE("run_concurrent keeps the order and gives each item its own error") {
  Served served(2);
  std::vector<Inputs> requests;
  for (int i = 0; i < 20; ++i) requests.push_back(i == 7 ? Inputs{} : picture(static_cast<float>(i)));
  const auto results = served.model->run_concurrent(std::move(requests));
  REQUIRE(results.size() == 20);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i == 7) {
      REQUIRE_FALSE(results[i].has_value());
      CHECK(results[i].error().code() == errc::missing_input);
    } else {
      REQUIRE(results[i].has_value());
      CHECK(first_of(*results[i]) == static_cast<float>(i));
    }
  }
}

// --- lifetimes

TEST_CASE("the last handle releases the model and its worker, not the tab") {
  Served served;
  Model copy = *served.model;
  served.model.reset();
  CHECK(served.pool.has_model("digits"));
  CHECK(first_of(copy(picture(2))) == 2.0F);

  { const Model last = std::move(copy); }
  CHECK(within(patience, [&] { return !served.pool.has_model("digits"); }));
  CHECK(within(patience, [&] { return served.tabs[0]->closed_workers() == 1; }));
  CHECK(served.pool.metrics().connections == 1);
  CHECK_FALSE(served.tabs[0]->dismissed());

  const Model again = served.pool.load(digits());  // the same tab takes it again
  CHECK(first_of(again(picture(8))) == 8.0F);
}

TEST_CASE("requests of a released model end with model_released") {
  Stage stage;
  Ends ends;
  stage.model->async_run(picture(), ends.handler());
  stage.run();
  stage.model.reset();
  REQUIRE(ends.reach(1));
  REQUIRE(ends.errors().size() == 1);
  CHECK(ends.errors()[0].code() == errc::model_released);
  CHECK(ends.errors()[0].message() == "model 'digits' was released before the request ended");
}

TEST_CASE("a handle that outlives its pool says that the pool is closed") {
  auto served = std::make_unique<Served>();
  const Model model = *served->model;
  served.reset();
  CHECK(model.name() == "digits");
  const Error error = error_of([&] { model(picture()); });
  CHECK(error.code() == errc::pool_closed);
  CHECK(error.message() == "the pool is closed");
  CHECK(error_of([&] { model({}); }).code() == errc::missing_input);
  Ends ends;
  asio::cancellation_signal signal;
  model.async_run(picture(), asio::bind_cancellation_slot(signal.slot(), ends.handler()));
  REQUIRE(ends.reach(1));
  CHECK(ends.errors().at(0).code() == errc::pool_closed);
  signal.emit(asio::cancellation_type::total);
}

TEST_CASE("a handler never runs inside the call that it was given to") {
  auto served = std::make_unique<Served>();
  const Model model = *served->model;
  served.reset();
  asio::io_context context;
  bool inside = false;
  unsigned ends = 0, inside_ends = 0;
  const auto note = [&](const std::exception_ptr&, const Outputs&) {
    ++ends;
    if (inside) ++inside_ends;
  };
  asio::post(context, [&] {
    inside = true;
    model.async_run(picture(), asio::bind_executor(context, note));
    model.async_run({}, asio::bind_executor(context, note));
    inside = false;
  });
  context.run();
  CHECK(ends == 2);
  CHECK(inside_ends == 0);
}

TEST_CASE("threads that begin after the pool's thread ended are not taken for it") {
  auto served = std::make_unique<Served>();
  const Model model = *served->model;
  served->pool.close();
  for (int i = 0; i < 4; ++i)  // one of them may get the id that the pool's thread had
    std::thread([&] {
      CHECK(error_of([&] { model(picture()); }).code() == errc::pool_closed);
      CHECK_NOTHROW(served->pool.close());
    }).join();
}

TEST_CASE("a pool that holds as much as it may lets blocking calls wait, and ends the others") {
  PoolOptions options = quiet();
  options.backlog.requests = 1;
  Stage stage(options);
  const Model& model = *stage.model;
  auto first = model.async_run(picture(1), asio::use_future);
  const Received run = stage.run();

  const Error refused = error_of([&] { model.async_run(picture(2), asio::use_future).get(); });
  CHECK(refused.code() == errc::would_block);
  CHECK_THAT(refused.message(), contains("model 'digits': the pool holds 1 requests of 3136 bytes"));
  CHECK(error_of([&] { model(picture(2), {.fail_if_full = true}); }).code() == errc::would_block);
  CHECK(error_of([&] { model(picture(2), {.deadline = 20ms}); }).code() == errc::deadline_exceeded);

  auto patient = std::async(std::launch::async, [&] { return model(picture(3)); });
  CHECK(patient.wait_for(50ms) == std::future_status::timeout);
  stage.worker->answer(run);
  CHECK(first_of(first.get()) == 1.0F);
  stage.worker->answer(stage.run());
  CHECK(first_of(patient.get()) == 3.0F);
}

TEST_CASE("closing a full pool ends the calls that wait for room") {
  PoolOptions options = quiet();
  options.backlog.requests = 1;
  Stage stage(options);
  auto running = stage.model->async_run(picture(1), asio::use_future);
  stage.run();
  auto patient = std::async(std::launch::async, [&] { return error_of([&] { (*stage.model)(picture(2)); }); });
  CHECK(patient.wait_for(50ms) == std::future_status::timeout);
  stage.pool.close();
  CHECK(patient.get().code() == errc::pool_closed);
  CHECK(error_of([&] { running.get(); }).code() == errc::pool_closed);
}
