#include <webpool/driver/inbox.hpp>

#include "../support/loopback_pool.hpp"

using namespace webpool;
using namespace webpool::testing;
using transport::Channel, transport::CloseCode;

namespace {

/// A link that says this and nothing else, once the pool has answered.
LoopbackPage page_saying(LoopbackPool& pool, const std::string& message, Channel channel = Channel::control) {
  LoopbackPage page(pool, channel);
  page.link->say(message);
  pool.tick(Clock::now());
  return page;
}

}  // namespace

TEST_CASE("what is no message closes its link with a sentence, and the pool lives on") {
  const auto pool = LoopbackPool::make();
  using Case = std::pair<std::string, std::string>;
  const auto [payload, sentence] = GENERATE(Case{"", "0 bytes"}, Case{"abc", "3 bytes"},
                                            Case{std::string("\xff\xff\xff\xff{}", 6), "don't fit into a frame of 6"},
                                            Case{std::string("\x04\0\0\0nope", 8), "header"}, Case{frame("{}"), "type"},
                                            Case{frame(R"({"type":"hello"})"), "version"},
                                            Case{frame(R"({"type":"hello","version":1,"capabilities":{}})"), "token"},
                                            Case{frame(R"({"type":"frobnicate"})"), "frobnicate"},
                                            Case{pong_frame(1) + "12345678", "the message ends at byte"});
  CAPTURE(sentence);
  const LoopbackPage page = page_saying(*pool, payload);
  REQUIRE(page.link->closing());
  CHECK(page.link->closing()->code == CloseCode::policy_violation);
  CHECK_THAT(page.closing_words(), contains(sentence));
  CHECK(LoopbackTab(*pool).connection.value > 0);
}

TEST_CASE("a link has one try to introduce itself") {
  const auto pool = LoopbackPool::make();
  const LoopbackPage page(*pool, Channel::control);
  page.link->say(hello("00000000000000000000000000000000"));
  page.link->say(hello(token_of(pool->join_url())));
  CHECK_FALSE(page.has_news());
  pool->tick(Clock::now());
  CHECK(page.next().type() == "refused");
  CHECK(pool->metrics().joins == 0);
  CHECK_FALSE(page.link->is_introduced());
}

TEST_CASE("one that breaks the protocol later is closed at once, and noted") {
  std::string log;
  PoolOptions options = quiet();
  options.log = [&](LogLevel, std::string_view line) { log += std::string(line) + '\n'; };
  const auto pool = LoopbackPool::make(options);
  const LoopbackTab tab(*pool);
  CHECK(tab.link->is_introduced());
  tab.link->say("abc");
  CHECK_THAT(tab.closing_words(), contains("3 bytes"));
  CHECK_THAT(log, contains("refused a message: "));
  tab.link->hang_up();
  CHECK(pool->metrics().connections == 0);
  CHECK_THAT(log, contains("firefox 1.0 left: "));
}

TEST_CASE("messages of the other channel are not understood") {
  LoopbackStage stage;
  stage.tab.link->say(loaded_frame(stage.worker->id));
  CHECK_THAT(stage.tab.closing_words(), contains("loaded"));
  stage.worker->link->say(pong_frame(1));
  CHECK_THAT(stage.worker->closing_words(), contains("pong"));
}

TEST_CASE("the end of a tab's link ends its runs once, whichever link closes first") {
  LoopbackStage stage;
  for (int i = 0; i < 2; ++i) stage.pool->run(picture());
  const bool tab_first = GENERATE(true, false);
  if (tab_first) stage.tab.link->hang_up();
  stage.worker->link->hang_up();
  if (!tab_first) stage.tab.link->hang_up();
  REQUIRE(stage.pool->ends.size() == 2);
  for (const auto& end : stage.pool->ends) {
    CHECK(error_in(end).code() == errc::connection_lost);
    CHECK_THAT(error_in(end).message(), contains("firefox") && contains("went away: its link closed"));
  }
  const Metrics metrics = stage.pool->metrics();
  CHECK(metrics.connections == 0);
  CHECK(metrics.failed == 2);
  CHECK(metrics.in_flight + metrics.queued == 0);
}
