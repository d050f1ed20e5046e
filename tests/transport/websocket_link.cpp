#include <webpool/transport/websocket_link.hpp>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <webpool/transport/websocket_server.hpp>

#include "../catch.hpp"
#include "../support/raw_tab.hpp"

using namespace webpool;
using namespace webpool::testing;
using transport::Channel, transport::CloseCode, transport::Link;

namespace {

/// A server whose event loop turns only when the test says so, and one socket as the pool and its page see it.
struct Line {
  explicit Line(const char* path = "/control") {
    auto connecting = std::async(std::launch::async, [port = server.port(), path] { return WebSocket(port, path); });
    while (!link) context.run_one();
    page.emplace(connecting.get());
  }

  asio::io_context context;
  std::shared_ptr<Link> link;
  std::optional<Channel> channel;
  transport::WebSocketServer server{context,
                                    {.maximum_message_bytes = 1 << 20},
                                    {},
                                    {.opened =
                                         [this](std::shared_ptr<Link> opened, Channel which) {
                                           link = std::move(opened);
                                           channel = which;
                                         },
                                     .received = {},
                                     .closed = [](Link&, const std::string&) {}}};
  std::optional<WebSocket> page;
};

}  // namespace

TEST_CASE("a socket's path is the link's channel") {
  CHECK(Line("/control").channel == Channel::control);
  CHECK(Line("/data").channel == Channel::data);
}

TEST_CASE("what is written is one message, which has gone when send returns") {
  Line line;
  line.link->send([](std::string& out) {
    CHECK(out.empty());
    out = "all of it";
  });
  CHECK(line.page->receive()->payload == "all of it");
  CHECK(line.link->buffered() == 0);
}

TEST_CASE("what a page does not read is buffered") {
  Line line;
  const std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) line.link->send([&](std::string& out) { out = megabyte; });
  CHECK(line.link->buffered() > megabyte.size());
}

TEST_CASE("a link closes with its code, once, and its words are cut between characters") {
  std::string euros;
  for (int i = 0; i < 60; ++i) euros += "\xe2\x82\xac";
  for (const char* shift : {"", "a", "aa"}) {
    Line line;
    line.link->close(CloseCode::policy_violation, shift + euros);
    line.link->close(CloseCode::normal, "again");
    line.link->send([](std::string& out) { out = "too late"; });
    while (!line.page->has_news(std::chrono::milliseconds(0))) line.context.run_one();
    const auto closing = line.page->receive();
    REQUIRE(closing->opcode == Opcode::close);
    CHECK(closing->close_code() == 1008);
    const std::string reason = closing->close_reason();
    CHECK(reason.size() <= 123);
    CHECK(reason.size() > 120);
    CHECK((reason.size() - std::string(shift).size()) % 3 == 0);
  }
}
