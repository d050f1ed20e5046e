#pragma once

// The only place that includes websocketpp, and the server of it that the library uses.
//
// websocketpp 0.8.2, its last release, is not C++20: eleven constructors and destructors in three of its headers are
// declared by template-ids (`~server<config>()`), which GCC refuses from version 11 on. Distributions patch that or
// don't. The three headers are <websocketpp/logger/basic.hpp>, which every ready-made config includes,
// <websocketpp/endpoint.hpp> and <websocketpp/roles/server_endpoint.hpp>. None of them is needed: connections and the
// transport take all their types from a config and know nothing of the endpoint that made them. So this header has a
// config that logs nothing and, in place of `websocketpp::server`, the accept loop that it boils down to. Nothing of
// websocketpp is copied, changed or included in a special order: patched and unpatched copies work alike, wherever they
// are found, and a program that uses websocketpp's own server beside this one keeps doing so.

#include <functional>
#include <memory>
#include <utility>
#include <webpool/transport/asio.hpp>
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/connection.hpp>
#include <websocketpp/extensions/permessage_deflate/disabled.hpp>
#include <websocketpp/http/request.hpp>
#include <websocketpp/http/response.hpp>
#include <websocketpp/logger/stub.hpp>
#include <websocketpp/message_buffer/alloc.hpp>
#include <websocketpp/message_buffer/message.hpp>
#include <websocketpp/processors/hybi13.hpp>
#include <websocketpp/random/none.hpp>
#include <websocketpp/transport/asio/endpoint.hpp>
#include <websocketpp/version.hpp>

namespace webpool::transport {

/// What `websocketpp::connection` asks of its config, without locks and logs: one thread runs everything.
/// Derive from it and hide what should differ, such as `connection_base` or `connection_read_buffer_size`.
struct WebsocketppConfig {
  using concurrency_type = websocketpp::concurrency::none;
  using alog_type = websocketpp::log::stub;
  using elog_type = websocketpp::log::stub;
  using request_type = websocketpp::http::parser::request;
  using response_type = websocketpp::http::parser::response;
  using message_type = websocketpp::message_buffer::message<websocketpp::message_buffer::alloc::con_msg_manager>;
  using con_msg_manager_type = websocketpp::message_buffer::alloc::con_msg_manager<message_type>;
  /// Masks frames, which only clients do.
  using rng_type = websocketpp::random::none::int_generator<std::uint32_t>;

  struct transport_config {
    using concurrency_type = WebsocketppConfig::concurrency_type;
    using alog_type = WebsocketppConfig::alog_type;
    using elog_type = WebsocketppConfig::elog_type;
    using request_type = WebsocketppConfig::request_type;
    using response_type = WebsocketppConfig::response_type;
    using socket_type = websocketpp::transport::asio::basic_socket::endpoint;
    static constexpr bool enable_multithreading = false;
    // Milliseconds.
    static constexpr long timeout_socket_pre_init = 5000;
    static constexpr long timeout_proxy = 5000;
    static constexpr long timeout_socket_post_init = 5000;
    static constexpr long timeout_dns_resolve = 5000;
    static constexpr long timeout_connect = 5000;
    static constexpr long timeout_socket_shutdown = 5000;
  };
  using transport_type = websocketpp::transport::asio::endpoint<transport_config>;

  struct connection_base {};

  struct permessage_deflate_config {};
  using permessage_deflate_type = websocketpp::extensions::permessage_deflate::disabled<permessage_deflate_config>;
  static constexpr bool enable_extensions = false;

  static constexpr int client_version = 13;  // RFC 6455
  static constexpr long timeout_open_handshake = 5000;
  static constexpr long timeout_close_handshake = 5000;
  static constexpr long timeout_pong = 5000;
  static constexpr std::size_t connection_read_buffer_size = 16384;
  static constexpr std::size_t max_message_size = 32000000;
  static constexpr std::size_t max_http_body_size = 0;  // no request needs one
  static constexpr bool drop_on_protocol_error = false;
  static constexpr bool silent_close = false;
};

/// Accepts connections and gives each its handlers; members are named as those of `websocketpp::server`, whose manual
/// applies. Listening, the socket's handlers and `init_asio` come from websocketpp's own transport. Not thread-safe.
template <class Config>
class WebsocketppServer : public Config::transport_type {
 public:
  using connection_type = websocketpp::connection<Config>;
  using connection_ptr = typename connection_type::ptr;
  using message_ptr = typename connection_type::message_ptr;

  WebsocketppServer() { transport_type::init_logging(access_log_, error_log_); }

  void set_open_handler(websocketpp::open_handler handler) { open_ = std::move(handler); }
  void set_close_handler(websocketpp::close_handler handler) { close_ = std::move(handler); }
  void set_fail_handler(websocketpp::fail_handler handler) { fail_ = std::move(handler); }
  void set_validate_handler(websocketpp::validate_handler handler) { validate_ = std::move(handler); }
  void set_ping_handler(websocketpp::ping_handler handler) { ping_ = std::move(handler); }
  void set_http_handler(websocketpp::http_handler handler) { http_ = std::move(handler); }
  void set_message_handler(typename connection_type::message_handler handler) { message_ = std::move(handler); }
  void set_max_message_size(std::size_t bytes) { max_message_size_ = bytes; }

  /// The connection of a handle. Throws `websocketpp::exception` when it is gone.
  connection_ptr get_con_from_hdl(const websocketpp::connection_hdl& handle) const {
    auto connection = std::static_pointer_cast<connection_type>(handle.lock());
    if (!connection)
      throw websocketpp::exception(websocketpp::error::make_error_code(websocketpp::error::bad_connection));
    return connection;
  }

  /// Accepts until `stop_listening()`; call it once, after `listen()`.
  void start_accept() {
    if (!transport_type::is_listening()) return;
    const connection_ptr connection = make_connection();
    transport_type::async_accept(connection, [this, connection](const std::error_code& failed) {
      if (!failed) {
        connection->start();
        return start_accept();
      }
      connection->terminate(failed);
      // Out of file descriptors, most likely: trying again at once would fail again.
      transport_type::set_timer(accept_pause, [this](const std::error_code& aborted) {
        if (!aborted) start_accept();
      });
    });
  }

 private:
  using transport_type = typename Config::transport_type;

  static constexpr long accept_pause = 100;  // milliseconds

  connection_ptr make_connection() {
    auto connection =
        std::make_shared<connection_type>(true, websocketpp::user_agent, access_log_, error_log_, random_);
    connection->set_handle(connection);
    connection->set_open_handler(open_);
    connection->set_close_handler(close_);
    connection->set_fail_handler(fail_);
    connection->set_validate_handler(validate_);
    connection->set_ping_handler(ping_);
    connection->set_http_handler(http_);
    connection->set_message_handler(message_);
    connection->set_max_message_size(max_message_size_);
    connection->set_max_http_body_size(Config::max_http_body_size);
    if (const std::error_code failed = transport_type::init(connection)) throw websocketpp::exception(failed);
    return connection;
  }

  std::shared_ptr<typename Config::alog_type> access_log_ = std::make_shared<typename Config::alog_type>();
  std::shared_ptr<typename Config::elog_type> error_log_ = std::make_shared<typename Config::elog_type>();
  typename Config::rng_type random_;
  websocketpp::open_handler open_;
  websocketpp::close_handler close_;
  websocketpp::fail_handler fail_;
  websocketpp::validate_handler validate_;
  websocketpp::ping_handler ping_;
  websocketpp::http_handler http_;
  typename connection_type::message_handler message_;
  std::size_t max_message_size_ = Config::max_message_size;
};

}  // namespace webpool::transport
