#include <webpool/transport/websocketpp.hpp>

#include <thread>

#include "../catch.hpp"
#include "../support/raw_tab.hpp"

using namespace webpool::testing;
using Server = webpool::transport::WebsocketppServer<webpool::transport::WebsocketppConfig>;

TEST_CASE("the accept loop serves one socket after the other until it is told to stop") {
  asio::io_context context;
  Server server;
  server.init_asio(&context);
  server.set_reuse_addr(true);
  unsigned opened = 0, closed = 0;
  server.set_open_handler([&](websocketpp::connection_hdl) { ++opened; });
  server.set_close_handler([&](websocketpp::connection_hdl) { ++closed; });
  server.set_message_handler([&](websocketpp::connection_hdl handle, Server::message_ptr message) {
    server.get_con_from_hdl(handle)->send("echo " + message->get_payload(), message->get_opcode());
  });
  server.set_http_handler([&](websocketpp::connection_hdl handle) {
    server.get_con_from_hdl(handle)->set_body("page");
    server.get_con_from_hdl(handle)->set_status(websocketpp::http::status_code::ok);
  });
  websocketpp::lib::error_code failed;
  server.listen(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0), failed);
  REQUIRE_FALSE(failed);
  const std::uint16_t port = server.get_local_endpoint(failed).port();
  server.start_accept();
  std::thread thread([&] { context.run(); });

  for (int i = 0; i < 3; ++i) {
    WebSocket socket(port, "/");
    socket.send("hello", Opcode::text);
    const auto answer = socket.receive();
    REQUIRE(answer);
    CHECK(answer->payload == "echo hello");
    socket.send("\x03\xe8", Opcode::close);
    CHECK(socket.receive_close());
  }
  CHECK(http_get(port, "/").body == "page");

  asio::post(context, [&] {
    websocketpp::lib::error_code ignored;
    server.stop_listening(ignored);
  });
  thread.join();  // the loop ends, and with it the context's work
  CHECK(opened == 3);
  CHECK(closed == 3);
}

TEST_CASE("a handle whose connection is gone is an exception") {
  const Server server;
  CHECK_THROWS_AS(server.get_con_from_hdl({}), websocketpp::exception);
}
