#include <webpool/async.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/experimental/deferred.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include "support/decoder.hpp"

using namespace webpool;
using namespace webpool::testing;
using asio::experimental::deferred;

namespace {

float first_of(const Outputs& outputs) { return outputs["probabilities"].as<float>()[0]; }

PoolOptions one_at_a_time() {
  PoolOptions options = quiet();
  options.connection.requests_in_flight = 1;
  return options;
}

/// Cancels an operation, which tabs know by that message, at each of its stages.
template <class AnyStage, class Start>
void check_cancellation(AnyStage& stage, std::string_view message, Start start) {
  const auto waits = [&] { return within(patience, [&] { return stage.pool.metrics().queued == 1; }); };
  std::optional<asio::cancellation_signal> signal;
  std::promise<Error> ended;
  const auto begin = [&] {
    ended = {};
    start(asio::bind_cancellation_slot(signal.emplace().slot(), [&](const std::exception_ptr& failed, const auto&) {
      ended.set_value(error_in(failed));
    }));
  };
  const auto cancel = [&](asio::cancellation_type type) {
    signal->emit(type);
    return ended.get_future().get().code() == errc::cancelled;
  };
  start([](const std::exception_ptr&, const auto&) {});  // and the tab answers nothing
  next(stage.worker->socket, message);
  begin();
  REQUIRE(waits());
  CHECK(cancel(asio::cancellation_type::total));
  CHECK(stage.pool.metrics().queued == 0);

  stage.tab.socket.drop();
  REQUIRE(within(patience, [&] { return stage.pool.metrics().connections == 0; }));
  begin();
  REQUIRE(waits());
  CHECK(cancel(asio::cancellation_type::terminal));

  RawTab tab(stage.pool.join_url());
  RawWorker worker = tab.loaded_worker();
  begin();
  const std::uint64_t id = next(worker.socket, message).integer("id");
  CHECK(cancel(asio::cancellation_type::partial));
  CHECK(next(worker.socket, "cancel").integer("id") == id);
}

}  // namespace

TEST_CASE("a deferred run starts when its token comes, and not before") {
  Stage stage;
  auto run = stage.model->async_run(picture(3), deferred);
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
  CHECK(stage.pool.metrics().submitted == 0);
  auto outputs = std::move(run)(asio::use_future);
  stage.worker->answer(stage.run());
  CHECK(first_of(outputs.get()) == 3.0F);
  CHECK(stage.pool.metrics().submitted == 1);
}

TEST_CASE("a deferred run keeps its model loaded") {
  Stage stage;
  auto run = std::optional(stage.model->async_run(picture(4), deferred));
  stage.model.reset();
  CHECK(stage.pool.has_model("digits"));
  auto outputs = (*std::move(run))(asio::use_future);
  stage.worker->answer(stage.run());
  CHECK(first_of(outputs.get()) == 4.0F);
  run.reset();
  CHECK(within(patience, [&] { return !stage.pool.has_model("digits"); }));
}

TEST_CASE("a deferred load starts when its token comes, and tells then what is wrong") {
  ResourcePool pool(quiet());
  const ServingTab tab(pool.join_url());
  auto faulty = pool.async_load("/nowhere/model.onnx", {}, deferred);
  CHECK(error_of([&] { std::move(faulty)(asio::use_future).get(); }).code() == errc::model_not_found);
  auto load = pool.async_load(digits(), {}, deferred);
  CHECK_FALSE(pool.has_model("digits"));
  const std::optional<Model> model = std::move(load)(asio::use_future).get();
  REQUIRE(model);
  CHECK(first_of((*model)(picture(5))) == 5.0F);
}

TEST_CASE("a deferred generation starts when its token comes, and tells its tokens then") {
  DecoderStage stage;
  std::vector<std::int64_t> heard;
  auto generation = stage.model->async_generate(
      {3, 1}, {.max_tokens = 1}, [&](std::int64_t token) { heard.push_back(token); }, deferred);
  CHECK_FALSE(stage.worker->socket.has_news(50ms));
  auto result = std::move(generation)(asio::use_future);
  const std::uint64_t id = stage.request().integer("id");
  stage.tell(id, 0, "7");
  stage.end(id, {7}, "length");
  CHECK(result.get().tokens == std::vector<std::int64_t>{7});
  CHECK(heard == std::vector<std::int64_t>{7});
}

TEST_CASE("what is deferred until the pool is closed ends with pool_closed") {
  DecoderStage stage;
  auto run = stage.model->async_run({}, deferred);  // also where its inputs are wrong, which is told first
  auto generation = stage.model->async_generate({1}, {.max_tokens = 1}, {}, deferred);
  auto load = stage.pool.async_load(digits(), {}, deferred);
  stage.tab.socket.drop();  // or it would keep the pool waiting
  stage.worker->socket.drop();
  stage.pool.close();
  CHECK(error_of([&] { std::move(run)(asio::use_future).get(); }).code() == errc::missing_input);
  CHECK(error_of([&] { std::move(generation)(asio::use_future).get(); }).code() == errc::pool_closed);
  CHECK(error_of([&] { std::move(load)(asio::use_future).get(); }).code() == errc::pool_closed);
}

TEST_CASE("loads and generations end on their handlers' executor, which has work until then") {
  DecoderStage stage;
  asio::io_context context;
  std::vector<std::thread::id> threads;
  const auto note = [&](const std::exception_ptr& failure, const auto&) {
    CHECK(failure);
    threads.push_back(std::this_thread::get_id());
  };
  stage.model->async_generate({}, {.max_tokens = 1}, {}, asio::bind_executor(context, note));  // no prompt
  stage.tab.socket.drop();  // or it would keep the pool waiting
  stage.worker->socket.drop();
  stage.pool.close();
  stage.pool.async_load(digits(), {}, asio::bind_executor(context, note));
  context.run();  // returns when both have come
  CHECK(threads == std::vector(2, std::this_thread::get_id()));
}

TEST_CASE("a run can be cancelled while it waits for its turn, for a tab, and while a tab computes") {
  Stage stage(one_at_a_time());
  check_cancellation(stage, "run", [&](auto handler) { stage.model->async_run(picture(), std::move(handler)); });
}

TEST_CASE("a generation can be cancelled while it waits for its turn, for a tab, and for its first token") {
  DecoderStage stage(one_at_a_time());
  check_cancellation(stage, "generate", [&](auto handler) {
    stage.model->async_generate({1}, {.max_tokens = 9}, {}, std::move(handler));
  });
}
