// What becomes of requests and tabs in trouble, over real sockets.

#include <asio/use_future.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

PoolOptions retrying() {
  PoolOptions options = quiet();
  options.retries.attempts = 3;
  return options;
}

float first_of(const Outputs& outputs) { return outputs["probabilities"].as<float>()[0]; }

}  // namespace

TEST_CASE("a request whose tab closes in the middle of it is answered by another tab") {
  Stage stage(retrying());
  auto answer = stage.model->async_run(picture(5), asio::use_future);
  const Received run = stage.run();
  ServingTab other(stage.pool.join_url());
  REQUIRE(within(patience, [&] { return stage.pool.metrics().connections == 2; }));
  stage.worker->socket.drop();
  stage.tab.socket.drop();
  CHECK(first_of(answer.get()) == 5.0F);
  CHECK(stage.pool.metrics().retries == 1);
  CHECK(stage.pool.metrics().failed == 0);
}

TEST_CASE("a request that may have run is not repeated against its caller's will, one that had not begun is") {
  Stage stage(retrying());
  const bool started = GENERATE(true, false);
  auto answer = stage.model->async_run(picture(6), {.retry = Retry::if_not_started}, asio::use_future);
  const std::uint64_t run = stage.run().integer("id");
  stage.worker->socket.send(frame(R"({"type":"error","id":)" + std::to_string(run) +
                                  R"(,"code":"device_lost","message":"gone","started":)" +
                                  (started ? "true" : "false") + "}"));
  if (started) {
    CHECK(error_of([&] { answer.get(); }).code() == errc::device_lost);
  } else {
    stage.worker->answer(stage.run());
    CHECK(first_of(answer.get()) == 6.0F);
  }
}

TEST_CASE("a tab whose worker dies twice is told to load its page again, and the request is answered then") {
  PoolOptions options = retrying();
  options.retries.attempts = 5;
  Stage stage(options);
  auto answer = stage.model->async_run(picture(7), asio::use_future);
  stage.run();
  stage.worker->socket.drop();
  RawWorker second = stage.tab.loaded_worker();
  next(second.socket, "run");
  second.socket.drop();
  const Received reload = next(stage.tab.socket, "reload");
  CHECK_THAT(reload.text("message"), contains("its worker went away"));
  ServingTab again(stage.pool.join_url());
  CHECK(first_of(answer.get()) == 7.0F);
  const auto tried = stage.pool.recovery_stats();
  REQUIRE(tried.size() == 1);  // what becomes of an attached tab that is reloaded, nobody can tell
  CHECK(tried[0].rung == reliability::Rung::restart_worker);
  CHECK(tried[0].worked == 0);
}

TEST_CASE("the pool shows its tabs, and how they do") {
  Stage stage(retrying());
  auto answer = stage.model->async_run(picture(1), asio::use_future);
  stage.worker->answer(stage.run());
  answer.get();
  const auto tabs = stage.pool.connections();
  REQUIRE(tabs.size() == 1);
  CHECK(tabs[0].id.value == stage.tab.connection);
  CHECK(tabs[0].browser.browser == Browser::firefox);
  CHECK(tabs[0].models == 1);
  CHECK(tabs[0].completed == 1);
  CHECK(tabs[0].health > 0);
  CHECK(tabs[0].health <= 100);
}
