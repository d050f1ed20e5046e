#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/transport/asio.hpp>
#include <webpool/transport/websocketpp.hpp>

namespace webpool::transport {

struct ClientConfig : WebsocketppConfig {
  /// Clients mask what they send by numbers that nobody can foresee. Has no state, so all connections share one.
  struct rng_type {
    std::uint32_t operator()() const { return static_cast<std::uint32_t>(std::random_device{}()); }
  };
  inline static rng_type random;
  /// None is offered; but without this websocketpp takes every server's answer for a failed negotiation.
  static constexpr bool enable_extensions = true;
  static constexpr std::size_t max_message_size = std::size_t{1} << 20;
};

/// A WebSocket to a server on this machine, for short texts; the pool itself is a server. Sends no `Origin`.
/// Runs on the `io_context` that it was given; not thread-safe. Once it is destroyed its handlers are not called any
/// more; they must not destroy it themselves.
class WebSocketClient {
  using Connection = websocketpp::connection<ClientConfig>;

 public:
  struct Handlers {
    std::function<void()> opened;
    std::function<void(std::string_view text)> received;
    /// Once: it could not be opened, was closed, or broke.
    std::function<void(std::string reason)> closed;
  };

  /// Begins to connect to `ws://SERVER/RESOURCE`.
  WebSocketClient(asio::io_context& context, const asio::ip::tcp::endpoint& server, const std::string& resource,
                  Handlers handlers)
      : handlers_(std::move(handlers)) {
    endpoint_.init_asio(&context);
    connection_ = std::make_shared<Connection>(false, "webpool", log_, log_, std::ref(ClientConfig::random));
    connection_->set_handle(connection_);
    connection_->set_uri(
        std::make_shared<websocketpp::uri>(false, server.address().to_string(), server.port(), resource));
    connection_->set_max_message_size(ClientConfig::max_message_size);
    connection_->set_open_handler([this](const websocketpp::connection_hdl&) { handlers_.opened(); });
    connection_->set_message_handler(
        [this](const websocketpp::connection_hdl&, const Connection::message_ptr& message) {
          handlers_.received(message->get_payload());
        });
    const auto ended = [this](const websocketpp::connection_hdl&) {
      handlers_.closed(connection_->get_ec().message());
    };
    connection_->set_close_handler(ended);
    connection_->set_fail_handler(ended);
    endpoint_.init(connection_);
    // Straight to the address: websocketpp's own way asks a resolver, which is a thread.
    connection_->get_raw_socket().async_connect(
        server, [connection = connection_, known = std::weak_ptr(alive_)](const asio::error_code& failed) {
          if (failed || known.expired())
            connection->terminate(failed);
          else
            connection->start();
        });
  }

  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  ~WebSocketClient() {
    connection_->set_open_handler(nullptr);
    connection_->set_message_handler(nullptr);
    connection_->set_close_handler(nullptr);
    connection_->set_fail_handler(nullptr);
    asio::error_code ignored;
    connection_->get_raw_socket().close(ignored);
  }

  /// Sends one text message. Does nothing unless the socket is open; `closed` tells.
  void send(const std::string& text) { connection_->send(text, websocketpp::frame::opcode::text); }

 private:
  /// Gives a connection its socket.
  struct Endpoint : ClientConfig::transport_type {
    explicit Endpoint(const std::shared_ptr<ClientConfig::alog_type>& log) { init_logging(log, log); }
    using ClientConfig::transport_type::init;
  };

  Handlers handlers_;
  std::shared_ptr<ClientConfig::alog_type> log_ = std::make_shared<ClientConfig::alog_type>();
  Endpoint endpoint_{log_};
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace webpool::transport
