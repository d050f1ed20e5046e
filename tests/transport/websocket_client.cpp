#include <webpool/transport/websocket_client.hpp>

#include <optional>
#include <string>
#include <vector>

#include "../catch.hpp"

using namespace std::chrono_literals;
using webpool::transport::WebSocketClient;
using Server = webpool::transport::WebsocketppServer<webpool::transport::WebsocketppConfig>;

namespace {

/// An echo on a loopback port that notes the headers, and hangs up on "bye".
class Echo {
 public:
  explicit Echo(asio::io_context& context) {
    server_.init_asio(&context);
    server_.set_validate_handler([this](const websocketpp::connection_hdl& handle) {
      const auto from = server_.get_con_from_hdl(handle);
      resource = from->get_resource();
      host = from->get_request_header("Host");
      origin = from->get_request_header("Origin");
      return resource != "/refused";
    });
    server_.set_message_handler([this](const websocketpp::connection_hdl& handle, const Server::message_ptr& message) {
      const auto from = server_.get_con_from_hdl(handle);
      if (message->get_payload() == "bye")
        from->close(websocketpp::close::status::normal, "");
      else
        from->send("echo " + message->get_payload(), message->get_opcode());
    });
    server_.set_open_handler([this](const websocketpp::connection_hdl&) { ++opened; });
    server_.set_close_handler([this](const websocketpp::connection_hdl&) { ++closed; });
    websocketpp::lib::error_code failed;
    server_.listen(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0), failed);
    REQUIRE_FALSE(failed);
    endpoint = server_.get_local_endpoint(failed);
    server_.start_accept();
  }

  void stop() {
    websocketpp::lib::error_code ignored;
    server_.stop_listening(ignored);
  }

  asio::ip::tcp::endpoint endpoint;
  std::string resource, host, origin = "?";
  unsigned opened = 0, closed = 0;

 private:
  Server server_;
};

struct Seen {
  unsigned opened = 0;
  std::vector<std::string> received, closed;

  WebSocketClient::Handlers handlers() {
    return {.opened = [this] { ++opened; },
            .received = [this](std::string_view text) { received.emplace_back(text); },
            .closed = [this](std::string reason) { closed.push_back(std::move(reason)); }};
  }
};

template <class Condition>
bool run_until(asio::io_context& context, Condition condition) {
  for (const auto end = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < end;) {
    if (condition()) return true;
    context.restart();
    context.run_one_for(20ms);
  }
  return condition();
}

}  // namespace

TEST_CASE("a client opens, talks and hears the end") {
  asio::io_context context;
  Echo echo(context);
  Seen seen;
  WebSocketClient client(context, echo.endpoint, "/session", seen.handlers());
  REQUIRE(run_until(context, [&] { return seen.opened == 1; }));
  CHECK(echo.resource == "/session");
  CHECK(echo.host == "127.0.0.1:" + std::to_string(echo.endpoint.port()));
  CHECK(echo.origin.empty());
  const std::string long_text(200'000, 'x');
  client.send("one");
  client.send(long_text);
  REQUIRE(run_until(context, [&] { return seen.received.size() == 2; }));
  CHECK(seen.received == std::vector<std::string>{"echo one", "echo " + long_text});
  CHECK(seen.closed.empty());
  client.send("bye");
  REQUIRE(run_until(context, [&] { return !seen.closed.empty(); }));
  client.send("into the void");
  echo.stop();
  context.restart();
  context.run();  // nothing is left to do
  CHECK(seen.closed.size() == 1);
  CHECK(seen.received.size() == 2);
}

TEST_CASE("a client that can't connect hears why, once") {
  asio::io_context context;
  std::optional<Echo> echo(context);
  Seen seen;
  SECTION("nobody listens") {
    const auto endpoint = echo->endpoint;
    echo->stop();
    const WebSocketClient client(context, endpoint, "/session", seen.handlers());
    context.run();
    REQUIRE(seen.closed.size() == 1);
    CHECK(seen.closed[0] == "Connection refused");
  }
  SECTION("the server refuses") {
    const WebSocketClient client(context, echo->endpoint, "/refused", seen.handlers());
    REQUIRE(run_until(context, [&] { return !seen.closed.empty(); }));
    CHECK(seen.closed == std::vector<std::string>{"Invalid HTTP status."});
  }
  CHECK(seen.opened == 0);
}

TEST_CASE("a client that is destroyed at any moment calls nobody and closes its socket") {
  unsigned opened = 0;
  for (int steps = 0; steps < 40; ++steps) {
    asio::io_context context;
    Echo echo(context);
    Seen seen;
    {
      WebSocketClient client(context, echo.endpoint, "/session", seen.handlers());
      for (int i = 0; i < steps; ++i) context.run_one_for(5ms);
      if (seen.opened) client.send("one");
    }
    opened = seen.opened;
    echo.stop();
    context.restart();
    context.run_for(20ms);
    CHECK(seen.opened == opened);
    CHECK(seen.received.empty());
    CHECK(seen.closed.empty());
    CHECK(echo.closed == echo.opened);
  }
  CHECK(opened == 1);
}
