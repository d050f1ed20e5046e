#include <webpool/driver/tab_inbox.hpp>

#include "../support/loopback_pool.hpp"

using namespace webpool;
using namespace webpool::testing;
using transport::Channel, transport::CloseCode;

namespace {

/// What the pool says before it closes the link of a tab that it does not let in.
Received refusal_of(LoopbackPool& pool, const std::string& first_message) {
  const LoopbackPage page(pool, Channel::control);
  page.link->say(first_message);
  CHECK_FALSE(page.has_news());
  pool.tick(Clock::now());
  const Received message = page.next("refused");
  REQUIRE(page.link->closing());
  CHECK(page.link->closing()->code == CloseCode::policy_violation);
  return message;
}

}  // namespace

TEST_CASE("a tab with a wrong token is refused") {
  const auto pool = LoopbackPool::make();
  const Received refusal = refusal_of(*pool, hello("00000000000000000000000000000000"));
  CHECK(refusal.text("code") == "wrong_token");
  CHECK(refusal.text("message") == "the link's token does not belong to this pool; open the pool's join link again");
  CHECK(refusal_of(*pool, hello("")).text("code") == "wrong_token");
  CHECK(pool->metrics().joins == 0);
  CHECK(LoopbackTab(*pool).connection.value > 0);
}

TEST_CASE("a page of another version is refused by number") {
  const auto pool = LoopbackPool::make();
  const Received refusal = refusal_of(*pool, frame(R"({"type":"hello","version":7,"token":5})"));
  CHECK(refusal.text("code") == "version_mismatch");
  CHECK_THAT(refusal.text("message"), contains("version 7") && contains("speaks 1") && contains("reload the page"));
}

TEST_CASE("a full pool refuses one more tab") {
  PoolOptions options = quiet();
  options.max_connections = 1;
  const auto pool = LoopbackPool::make(std::move(options));
  const LoopbackTab first(*pool);
  const Received refusal = refusal_of(*pool, hello(token_of(pool->join_url())));
  CHECK(refusal.text("code") == "pool_full");
  CHECK_THAT(refusal.text("message"), contains("(1)"));
}

TEST_CASE("a launch number that the pool did not give makes no launched tab, and who listens hears of the tab") {
  const auto pool = LoopbackPool::make();
  std::vector<BrowserInfo> joined;
  pool->on_join([&](const BrowserInfo& browser) { joined.push_back(browser); });
  const LoopbackPage page(*pool, Channel::control);
  page.link->say(hello(token_of(pool->join_url()), R"(,"launch":1048576)"));
  CHECK(page.next().type() == "welcome");
  REQUIRE(joined.size() == 1);
  CHECK_FALSE(joined[0].launched);
  CHECK(joined[0].browser == Browser::firefox);
  CHECK(pool->metrics().connections == 1);
}

TEST_CASE("who hears that a tab has joined can send to it") {
  const auto pool = LoopbackPool::make();
  std::size_t sent = 0;
  pool->on_join([&](const BrowserInfo&) { sent = pool->send_frame(std::nullopt, frame(R"({"type":"message"})")); });
  const LoopbackTab tab(*pool);
  CHECK(sent == 1);
  CHECK(tab.next().type() == "message");
}

TEST_CASE("before hello nothing else is due, and after it no other hello") {
  const auto pool = LoopbackPool::make();
  using Case = std::pair<std::string, std::string>;
  const auto [message, type] =
      GENERATE(Case{pong_frame(1), "pong"}, Case{worker_failed_frame(1, "gone"), "worker_failed"},
               Case{frame(R"({"type":"trouble","source":"module","message":"x"})"), "trouble"},
               Case{frame(R"({"type":"message","name":"x","body":0,"tensors":[]})"), "message"});
  const LoopbackPage page(*pool, Channel::control);
  page.link->say(message);
  pool->tick(Clock::now());
  CHECK(page.closing_words() == "a '" + type + "' is out of turn here");

  const LoopbackTab tab(*pool);
  tab.link->say(worker_failed_frame(1, "gone"));  // a worker that is not there any more is no mistake of the page
  CHECK_FALSE(tab.link->closing());
  tab.link->say(hello(token_of(pool->join_url())));
  CHECK(tab.closing_words() == "a 'hello' is out of turn here");
}

TEST_CASE("messages and troubles are told with their tab") {
  const auto pool = LoopbackPool::make();
  std::vector<std::string> heard;
  pool->on_message("news", [&](const PageMessage& message) {
    heard.push_back(std::to_string(message.connection.value) + " " + std::string(message.body));
  });
  const LoopbackTab tab(*pool);
  tab.link->say(frame(R"({"type":"message","name":"news","body":[1],"tensors":[]})"));
  tab.link->say(frame(R"({"type":"trouble","source":"module","message":"x"})"));
  CHECK(heard == std::vector<std::string>{std::to_string(tab.connection.value) + " [1]"});
  CHECK(pool->metrics().messages_received == 1);
  CHECK(pool->metrics().page_troubles == 1);
}

TEST_CASE("a worker that dies ends its runs, and the tab gets another one") {
  LoopbackStage stage;
  stage.pool->run(picture());
  stage.tab.link->say(worker_failed_frame(stage.worker->id, "RangeError: out of memory"));
  REQUIRE(stage.pool->ends.size() == 1);
  CHECK(error_in(stage.pool->ends[0]).code() == errc::connection_lost);
  CHECK(error_in(stage.pool->ends[0]).message() ==
        "model 'digits' on firefox/wasm: its worker died: RangeError: out of memory");
  CHECK(stage.worker->closing_words() == "the worker died");
  const LoopbackWorker fresh = stage.tab.loaded_worker();
  CHECK(fresh.id != stage.worker->id);
  stage.pool->run(picture());
  fresh.answer(std::vector<float>(10));
  REQUIRE(stage.pool->ends.size() == 2);
  CHECK(stage.pool->ends[1]);
}

TEST_CASE("another tab's worker is not a tab's to bury") {
  LoopbackStage stage;
  const LoopbackTab stranger(*stage.pool);
  stranger.link->say(worker_failed_frame(stage.worker->id, "bang"));
  stage.pool->run(picture());
  stage.worker->answer(std::vector<float>(10));
  REQUIRE(stage.pool->ends.size() == 1);
  CHECK(stage.pool->ends[0]);
}
