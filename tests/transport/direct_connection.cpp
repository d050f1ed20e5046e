#include <webpool/transport/direct_connection.hpp>

#include <future>
#include <string>
#include <vector>
#include <webpool/transport/websocket_server.hpp>

#include "../catch.hpp"
#include "../support/raw_tab.hpp"

using namespace webpool;
using namespace webpool::testing;
using transport::WebSocketServer;

namespace {

/// A server whose event loop turns only when the test says so, and one client.
struct Stage {
  Stage() {
    auto connecting = std::async(std::launch::async, [port = server.port()] { return WebSocket(port, "/data"); });
    while (!link) context.run_one();
    client.emplace(connecting.get());
  }

  void send(const std::string& bytes) const {
    link->send([&](std::string& out) { out = bytes; });
  }

  asio::io_context context;
  std::shared_ptr<transport::Link> link;
  std::vector<std::string> closed;
  WebSocketServer server{
      context,
      {.maximum_message_bytes = 1 << 20},
      {},
      {.opened = [this](std::shared_ptr<transport::Link> opened, transport::Channel) { link = std::move(opened); },
       .received = [](auto&, auto, auto) {},
       .closed = [this](auto&, const std::string& why) { closed.push_back(why); }}};
  std::optional<WebSocket> client;
};

}  // namespace

TEST_CASE("a message has gone when send returns") {
  Stage stage;
  for (const std::string each : {"first", "second"}) {
    stage.send(each);
    CHECK(stage.client->receive()->payload == each);
  }
}

TEST_CASE("what the system does not take at once follows, in order") {
  Stage stage;
  std::vector<std::string> sent{"a", std::string(40'000'000, 'b'), std::string(3'000'000, 'c'), "d"};
  for (std::size_t i = 0; i < sent[1].size(); ++i) sent[1][i] = static_cast<char>(i * 7 + i / 256);
  for (const std::string& each : sent) stage.send(each);
  auto reading = std::async(std::launch::async, [&] {
    std::vector<std::string> got;
    for (std::size_t i = 0; i < sent.size(); ++i) got.push_back(stage.client->receive()->payload);
    return got;
  });
  while (reading.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    stage.context.run_for(std::chrono::milliseconds(5));
  CHECK((reading.get() == sent));
}

TEST_CASE("that the other side has gone is told by the event loop, and not inside send") {
  Stage stage;
  stage.client->drop();
  for (int i = 0; i < 20; ++i) stage.send(std::string(100'000, 'x'));
  CHECK(stage.closed.empty());
  const auto until = std::chrono::steady_clock::now() + patience;
  while (stage.closed.empty() && std::chrono::steady_clock::now() < until)
    stage.context.run_for(std::chrono::milliseconds(5));
  CHECK(stage.closed.size() == 1);
}
