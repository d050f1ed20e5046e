#include <webpool/driver/driver.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

TEST_CASE("a tab that closes ends its runs once, with connection_lost") {
  Stage stage;
  Ends ends;
  for (int i = 0; i < 2; ++i) stage.model->async_run(picture(), ends.handler());
  stage.run();
  stage.run();
  SECTION("control socket first") {
    stage.tab.socket.drop();
    REQUIRE(ends.reach(2));
    stage.worker->socket.drop();
  }
  SECTION("data socket first") {
    stage.worker->socket.drop();
    REQUIRE(ends.reach(2));
    stage.tab.socket.drop();
  }
  CHECK(within(patience, [&] { return stage.pool.metrics().connections == 0; }));
  REQUIRE(ends.errors().size() == 2);
  for (const Error& error : ends.errors()) {
    CHECK(error.code() == errc::connection_lost);
    CHECK_THAT(error.message(), contains("model 'digits'") && contains("firefox") && contains("went away"));
  }
  const Metrics metrics = stage.pool.metrics();
  CHECK(metrics.failed == 2);
  CHECK(metrics.in_flight + metrics.queued == 0);
}

TEST_CASE("a tab without heartbeat is closed") {
  PoolOptions options = quiet();
  options.connection.health_interval = 100ms;
  const ResourcePool pool(std::move(options));
  RawTab tab(pool.join_url());
  next(tab.socket, "ping");
  CHECK_THAT(next(tab.socket, "close").text("message"), contains("no answer to 3 heartbeats"));
  CHECK(within(patience, [&] { return pool.metrics().connections == 0; }));
}

TEST_CASE("what breaks the protocol is closed over its socket, and the pool lives on") {
  Stage stage;
  RawTab other(stage.pool.join_url());
  other.socket.send(hello(token_of(stage.pool.join_url())));
  const auto closing = other.socket.receive_close();
  REQUIRE(closing);
  CHECK(closing->close_code() == 1008);
  CHECK(closing->close_reason() == "a 'hello' is out of turn here");
  CHECK(within(patience, [&] { return stage.pool.metrics().connections == 1; }));
  Ends ends;
  stage.model->async_run(picture(5), ends.handler());
  stage.worker->answer(stage.run());
  REQUIRE(ends.reach(1));
  CHECK(ends.results().at(0)["probabilities"].as<float>()[0] == 5.0F);
}

TEST_CASE("a page that never hangs up does not keep the pool open for long") {
  std::optional<Stage> stage(std::in_place);
  const WebSocket deaf_stranger(stage->tab.port, "/control"), deaf_tab(std::move(stage->tab.socket));
  const auto start = std::chrono::steady_clock::now();
  stage.reset();
  CHECK(std::chrono::steady_clock::now() - start < 10s);
}
