#include <webpool/transport/websocket_server.hpp>

#include <set>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

constexpr unsigned policy_violation = 1008;
constexpr unsigned message_too_big = 1009;

/// How the pool closes a control socket whose first message is this one.
WebSocket::Message close_after(const ResourcePool<>& pool, const std::string& payload, Opcode opcode = Opcode::binary) {
  WebSocket socket(port_of(pool.join_url()), "/control");
  REQUIRE(socket.status() == 101);
  socket.send(payload, opcode);
  const auto closing = socket.receive_close();
  REQUIRE(closing);
  return *closing;
}

void check_alive(const ResourcePool<>& pool) { CHECK(RawTab(pool.join_url()).connection > 0); }

}  // namespace

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

TEST_CASE("text messages are not understood") {
  const ResourcePool pool(quiet());
  const auto closing = close_after(pool, "hello", Opcode::text);
  CHECK(closing.close_code() == policy_violation);
  CHECK(closing.close_reason() == "only binary messages are understood");
  check_alive(pool);
}

TEST_CASE("oversized messages close their socket, announced, real or in pieces") {
  PoolOptions options = quiet();
  options.connection.maximum_message_bytes = 4096;
  const ResourcePool pool(std::move(options));
  WebSocket socket(port_of(pool.join_url()), "/control");
  SECTION("one byte too many") { socket.send(std::string(4097, 'x')); }
  SECTION("announced: one tebibyte") { socket.send("x", Opcode::binary, true, std::uint64_t{1} << 40); }
  SECTION("announced: the most that 64 bits hold") { socket.send("x", Opcode::binary, true, ~std::uint64_t{0}); }
  SECTION("in pieces that are small each") {
    socket.send(std::string(2000, 'x'), Opcode::binary, false);
    socket.send(std::string(2000, 'x'), Opcode::continuation, false);
    socket.send(std::string(2000, 'x'), Opcode::continuation, true);
  }
  const auto closing = socket.receive_close();
  REQUIRE(closing);
  CHECK(closing->close_code() == message_too_big);
  check_alive(pool);
}

TEST_CASE("a message in pieces is put together") {
  const ResourcePool pool(quiet());
  WebSocket socket(port_of(pool.join_url()), "/control");
  const std::string whole = hello(token_of(pool.join_url()));
  socket.send(whole.substr(0, 5), Opcode::binary, false);
  socket.send("", Opcode::continuation, false);
  socket.send(whole.substr(5), Opcode::continuation, true);
  CHECK(next(socket).type() == "welcome");
}

TEST_CASE("a frame that ends early leaves nothing behind") {
  const ResourcePool pool(quiet());
  {
    RawTab tab(pool.join_url());
    tab.socket.send("12345678", Opcode::binary, true, 4096);
    CHECK(pool.metrics().connections == 1);
  }
  CHECK(within(patience, [&] { return pool.metrics().connections == 0; }));
  CHECK(pool.metrics().losses == 1);
  check_alive(pool);
}
