#include <webpool/driver/host.hpp>

#include "../support/loopback_pool.hpp"

using namespace webpool;
using namespace webpool::testing;
using transport::Channel, transport::CloseCode, transport::Loopback;

/// All that passes between a pool and a page, from hello to the end, with a transport of one's own: `LinkHandlers` is
/// what it calls, `Link` is what it implements. Here both ends are in memory.
TEST_CASE("a whole conversation over a link that is no socket") {
  const auto pool = LoopbackPool::make();
  const auto& handlers = pool->handlers();

  const auto tab = Loopback::open(handlers, Channel::control);
  tab->say(hello(token_of(pool->join_url())));
  CHECK(Received(tab->take().value()).type() == "welcome");

  pool->load();
  const Received open(tab->take().value());
  CHECK(open.type() == "open_worker");
  const auto worker = Loopback::open(handlers, Channel::data);
  worker->say(attach_frame(open.integer("worker"), open.text("key")));
  const Received load(worker->take().value());
  CHECK(load.type() == "load");
  CHECK(load.integer("id") == open.integer("worker"));
  CHECK(pool->loaded.empty());
  worker->say(loaded_frame(open.integer("worker")));
  REQUIRE(pool->loaded.size() == 1);
  const ModelIndex model = pool->loaded[0].value();

  pool->run(picture(3));
  const Received run(worker->take().value());
  CHECK(run.type() == "run");
  CHECK(run.tensors.size() == 28 * 28 * sizeof(float));
  CHECK(pool->ends.empty());
  worker->say(result_frame(run.integer("id"), std::vector<float>(10, 0.5F), "[1,10]"));
  REQUIRE(pool->ends.size() == 1);
  const Outputs outputs = std::move(pool->ends[0]).value();
  CHECK(outputs["probabilities"].as<float>()[9] == 0.5F);
  CHECK(outputs.where().browser.browser == Browser::firefox);

  pool->release(model);
  CHECK(Received(tab->take().value()).type() == "close_worker");
  REQUIRE(worker->closing());
  CHECK(worker->closing()->code == CloseCode::normal);
  worker->hang_up();
  pool->begin_shutdown();
  CHECK(Received(tab->take().value()).type() == "close");
  CHECK_FALSE(pool->is_empty());
  tab->hang_up();
  CHECK(pool->is_empty());
}

TEST_CASE("each event ends with all that follows from it") {
  LoopbackStage stage(quiet(), {.replicas = 1});
  stage.pool->run(picture(1));
  stage.pool->run(picture(2));
  stage.worker->link->hang_up("gone");  // two runs end, the worker is closed, and another one opened, at once
  CHECK(stage.pool->ends.size() == 2);
  CHECK(stage.tab.next().type() == "close_worker");
  CHECK(stage.tab.next().type() == "open_worker");
}

TEST_CASE("what a completion starts is carried out in the same event") {
  LoopbackStage stage;
  stage.pool->submit({}, picture(1), {}, nullptr, {[&](const Expected<Outputs>&) { stage.pool->run(picture(2)); }});
  stage.worker->answer(std::vector<float>(10));
  CHECK(stage.worker->next().type() == "run");
  CHECK(stage.pool->ends.empty());
}

TEST_CASE("once it shuts down, links are closed and not listened to") {
  LoopbackStage stage;
  stage.pool->run(picture(1));
  stage.pool->begin_shutdown();
  REQUIRE(stage.pool->ends.size() == 1);
  CHECK(error_in(stage.pool->ends[0]).code() == errc::pool_closed);
  CHECK(stage.pool->send_frame(std::nullopt, "x") == 0);
  const LoopbackPage late(*stage.pool, Channel::control);
  CHECK(late.closing_words() == "the pool is closed");
  late.link->say(hello(token_of(stage.pool->join_url())));
  CHECK_FALSE(late.has_news());
  stage.pool->tick(Clock::now());
  for (const auto& link : {stage.tab.link, stage.worker->link, late.link}) {
    CHECK_FALSE(stage.pool->is_empty());
    link->hang_up();
  }
  CHECK(stage.pool->is_empty());
}

TEST_CASE("a tick asks tabs for a sign of life and ends what is late") {
  LoopbackStage stage;
  stage.pool->run(picture(1), {.deadline = 1s});
  stage.pool->tick(Clock::now() + 1500ms);
  REQUIRE(stage.pool->ends.size() == 1);
  CHECK(error_in(stage.pool->ends[0]).code() == errc::deadline_exceeded);
  const std::uint64_t ping = stage.tab.next("ping").integer("id");
  stage.tab.link->say(pong_frame(ping));
  stage.pool->tick(Clock::now() + 3s);
  CHECK(stage.tab.next("ping").integer("id") == ping + 1);
}
