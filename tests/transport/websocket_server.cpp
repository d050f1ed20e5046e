#include <webpool/transport/websocket_server.hpp>

#include <set>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

TEST_CASE("a foreign Origin or Host is refused, for pages and for sockets") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  const std::string at = ":" + std::to_string(port);
  for (const Headers& headers :
       {Headers{{"Origin", "http://evil.example"}}, Headers{{"Origin", "null"}}, Headers{{"Host", "evil.example" + at}},
        Headers{{"Host", "rebound.evil.example" + at}, {"Origin", "http://rebound.evil.example" + at}},
        Headers{{"Host", "127.0.0.1:1"}}, Headers{{"Host", "10.0.0.1" + at}}}) {
    CAPTURE(headers.begin()->second);
    const HttpReply page = http_get(port, "/", headers);
    CHECK(page.status == 403);
    CHECK(page.body == "foreign Host or Origin");
    CHECK(WebSocket(port, "/control", headers).status() == 403);
    CHECK(WebSocket(port, "/data", headers).status() == 403);
  }
  CHECK(pool.metrics().joins == 0);
  CHECK(http_get(port, "/", {{"Host", "localhost" + at}, {"Origin", "http://localhost" + at}}).status == 200);
  CHECK(WebSocket(port, "/control", {{"Origin", "http://127.0.0.1" + at}}).status() == 101);
}

TEST_CASE("sockets open at their two paths only") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  for (const char* path : {"/", "/Control", "/control/", "/data?worker=1", "/other"}) {
    CAPTURE(path);
    CHECK(WebSocket(port, path).status() == 404);
  }
  CHECK(WebSocket(port, "/data").status() == 101);
}

TEST_CASE("what is no HTTP is answered with an error or not at all, and the pool lives on") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  const std::string text =
      GENERATE(std::string("\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("\0\x01\x02\r\n\r\n", 7),
               std::string("GET / HTTP/1.1\r\n\r\n"), std::string("GET / HTTP/9.9\r\nHost: \r\n\r\n"),
               std::string("GET ") + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n");
  TcpStream stream(port);
  stream.write(text);
  const int status = read_reply(stream).status;
  CHECK((status == 0 || (status >= 400 && status < 600)));
  CHECK(http_get(port, "/").status == 200);
}

TEST_CASE("connections that say nothing don't keep the pool from closing") {
  auto pool = std::make_unique<ResourcePool<>>(quiet());
  const TcpStream silent(port_of(pool->join_url()));
  TcpStream half(port_of(pool->join_url()));
  half.write("GET /control HTTP/1.1\r\nHost: ");
  const auto start = std::chrono::steady_clock::now();
  pool.reset();
  CHECK(std::chrono::steady_clock::now() - start < 3s);
}

TEST_CASE("queries are no part of a file's name") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  CHECK(http_get(port, "/?from=bookmark").status == 200);
  CHECK(http_get(port, "/js/page.js?v=2").status == 200);
}

TEST_CASE("a socket that does not introduce itself in time is refused, and one that has is not") {
  asio::io_context context;
  std::promise<std::size_t> heard;
  std::vector<std::shared_ptr<transport::Link>> links;
  transport::WebSocketServer server(
      context, {.maximum_message_bytes = 1024},
      [](std::string_view) {
        return transport::HttpAnswer{404, "text/plain", nullptr};
      },
      {.opened =
           [&](const std::shared_ptr<transport::Link>& link, transport::Channel channel) {
             links.push_back(link);
             if (channel == transport::Channel::data) link->introduced();
           },
       .received = [&](auto&, std::span<const std::byte> message, const auto&) { heard.set_value(message.size()); },
       .closed = [](auto&, const std::string&) {}});
  std::thread thread([&] { context.run(); });
  WebSocket silent(server.port(), "/control"), known(server.port(), "/data");
  const auto tick_after = [&](std::chrono::seconds time) {
    asio::post(context, [&, time] { server.tick(Clock::now() + time); });
  };
  tick_after(9s);
  tick_after(11s);
  const auto closing = silent.receive_close();
  known.send("here");
  CHECK(heard.get_future().get() == 4);
  context.stop();
  thread.join();
  REQUIRE(closing);
  CHECK(closing->close_code() == 1008);
  CHECK(closing->close_reason() == "the socket did not introduce itself in time");
}
