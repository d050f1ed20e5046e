#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/error.hpp>
#include <webpool/telemetry/flight_recorder.hpp>
#include <webpool/transport/asio.hpp>
#include <webpool/transport/origin.hpp>
#include <webpool/transport/websocketpp.hpp>

namespace webpool::transport {

/// What the pool remembers on a socket itself, so that a message finds its tab or worker without a look-up.
struct SocketState {
  enum class Role : std::uint8_t { unknown, control, data };
  Role role = Role::unknown;
  std::uint64_t owner = 0;  ///< the connection's or worker's id; 0 until the socket has introduced itself
  std::shared_ptr<telemetry::FlightRecorder> flight{};  ///< of its tab; null until then
};

struct ServerConfig : WebsocketppConfig {
  using connection_base = SocketState;
  /// 64 KiB per socket: a 64 KiB tensor then takes one read instead of five.
  static constexpr std::size_t connection_read_buffer_size = 64 << 10;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type;
  std::shared_ptr<const std::string> body;
  bool immutable = false;  ///< the address names the content, so caches may keep it for ever
  bool may_evaluate =
      false;  ///< the script may make functions from text: a worker takes its policy from its own answer
  std::vector<std::string> connect_to{};  ///< origins besides the pool's that the script may fetch from; its CSP's
};

/// Accepts the pages' sockets and HTTP requests on one port. Runs on the `io_context` that it was given; not
/// thread-safe.
class WebSocketServer {
  using Server = WebsocketppServer<ServerConfig>;

 public:
  using Socket = Server::connection_ptr;

  struct Handlers {
    std::function<HttpAnswer(std::string_view path)> http;
    std::function<void(const Socket&)> opened;
    /// A whole binary frame; `owner` keeps its bytes alive.
    std::function<void(const Socket&, std::span<const std::byte> frame, std::shared_ptr<const void> owner)> received;
    std::function<void(const Socket&, std::string reason)> closed;
  };

  /// Listens at once; port 0 takes any free one. Throws `errc::address_in_use` or `errc::invalid_options`.
  WebSocketServer(asio::io_context& context, const std::string& address, std::uint16_t port,
                  std::size_t maximum_message_bytes, Handlers handlers)
      : endpoint_(bind(context, address, port)), origin_(address, endpoint_.port()), handlers_(std::move(handlers)) {
    server_.set_max_message_size(maximum_message_bytes);
    server_.set_tcp_post_init_handler([this](websocketpp::connection_hdl handle) {
      websocketpp::lib::asio::error_code ignored;
      server_.get_con_from_hdl(handle)->get_raw_socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    });
    server_.set_validate_handler([this](websocketpp::connection_hdl handle) { return validate(socket(handle)); });
    server_.set_http_handler([this](websocketpp::connection_hdl handle) { answer(socket(handle)); });
    server_.set_open_handler([this](websocketpp::connection_hdl handle) { handlers_.opened(socket(handle)); });
    server_.set_message_handler([this](websocketpp::connection_hdl handle, Server::message_ptr message) {
      const Socket from = socket(handle);
      if (message->get_opcode() != websocketpp::frame::opcode::binary)
        return refuse(from, "only binary messages are understood");
      const std::string& payload = message->get_payload();
      handlers_.received(from, std::as_bytes(std::span(payload)), message);
    });
    server_.set_close_handler([this](websocketpp::connection_hdl handle) {
      const Socket from = socket(handle);
      handlers_.closed(from, why(from));
    });
    server_.start_accept();
  }

  std::uint16_t port() const noexcept { return endpoint_.port(); }

  /// Sends one frame, which `write(std::string&)` appends to an empty buffer: the only copy of its tensors on the way
  /// out.
  template <class Write>
  static void send(const Socket& to, Write write) {
    namespace frame = websocketpp::frame;
    const auto message = to->get_message(frame::opcode::binary, 0);
    std::string& payload = message->get_raw_payload();
    write(payload);
    // A message that already has its header is queued as it is; otherwise websocketpp would copy the payload once more.
    message->set_header(frame::prepare_header(frame::basic_header(frame::opcode::binary, payload.size(), true, false),
                                              frame::extended_header(payload.size())));
    message->set_prepared(true);
    to->send(message);  // an error means that the socket is closing; its close handler tells
  }

  /// Closes a socket that broke the protocol, with a sentence for the page.
  static void refuse(const Socket& socket, std::string_view sentence) {
    close(socket, websocketpp::close::status::policy_violation, sentence);
  }
  static void close(const Socket& socket, std::string_view sentence) {
    close(socket, websocketpp::close::status::normal, sentence);
  }

  /// Accepts nothing more; sockets that are open stay so.
  void stop_listening() {
    websocketpp::lib::error_code ignored;
    server_.stop_listening(ignored);
  }

 private:
  asio::ip::tcp::endpoint bind(asio::io_context& context, const std::string& address, std::uint16_t port) {
    asio::error_code bad_address;
    const auto ip = asio::ip::make_address(address, bad_address);
    if (bad_address)
      throw Error(errc::invalid_options, "address '" + address + "' is not an IP address: " + bad_address.message());
    server_.init_asio(&context);
    server_.set_reuse_addr(true);  // a restarted program gets its port back while old sockets linger in TIME_WAIT
    websocketpp::lib::error_code failed;
    server_.listen(asio::ip::tcp::endpoint(ip, port), failed);
    const std::string where = "can't listen on " + address + " port " + std::to_string(port) + ": " + failed.message();
    if (failed == asio::error::address_in_use)
      throw Error(errc::address_in_use, where + "; choose another port, or 0 for any free one");
    if (failed) throw Error(errc::invalid_options, where);
    asio::error_code ignored;
    return server_.get_local_endpoint(ignored);
  }

  Socket socket(const websocketpp::connection_hdl& handle) { return server_.get_con_from_hdl(handle); }

  static void close(const Socket& socket, websocketpp::close::status::value code, std::string_view sentence) {
    websocketpp::lib::error_code ignored;
    std::size_t length =
        std::min<std::size_t>(sentence.size(), 123);  // what a close frame holds, cut between characters
    while (length < sentence.size() && (static_cast<unsigned char>(sentence[length]) & 0xC0) == 0x80) --length;
    socket->close(code, std::string(sentence.substr(0, length)), ignored);
  }

  static std::string why(const Socket& socket) {
    const std::string& said = socket->get_remote_close_reason().empty() ? socket->get_local_close_reason()
                                                                        : socket->get_remote_close_reason();
    return said.empty() ? "its socket closed" : said;
  }

  bool allowed(const Socket& from) const {
    const std::string& host = from->get_request_header("Host");
    return origin_.allows_host(host) && origin_.allows_origin(from->get_request_header("Origin"), host);
  }

  bool validate(const Socket& from) {
    if (!allowed(from)) {
      from->set_status(websocketpp::http::status_code::forbidden);
      return false;
    }
    const std::string path = from->get_resource();
    if (path == "/control") from->role = SocketState::Role::control;
    if (path == "/data") from->role = SocketState::Role::data;
    if (from->role != SocketState::Role::unknown) return true;
    from->set_status(websocketpp::http::status_code::not_found);
    return false;
  }

  void answer(const Socket& to) {
    const std::string resource = to->get_resource();
    const HttpAnswer reply =
        allowed(to)
            ? handlers_.http(std::string_view(resource).substr(0, resource.find_first_of("?#")))
            : HttpAnswer{403, "text/plain", std::make_shared<const std::string>("foreign Host or Origin"), false};
    to->set_status(static_cast<websocketpp::http::status_code::value>(reply.status));
    to->append_header("Content-Type", reply.content_type);
    to->append_header("Cache-Control", reply.immutable ? "public, max-age=31536000, immutable" : "no-cache");
    to->append_header("Cross-Origin-Opener-Policy", "same-origin");
    to->append_header("Cross-Origin-Embedder-Policy", "require-corp");
    to->append_header("Cross-Origin-Resource-Policy", "same-origin");
    to->append_header("X-Content-Type-Options", "nosniff");
    std::string further;
    for (const std::string& origin : reply.connect_to) further += ' ' + origin;
    to->append_header("Content-Security-Policy",
                      std::string("default-src 'self'; script-src 'self' 'wasm-unsafe-eval'") +
                          (reply.may_evaluate ? " 'unsafe-eval'" : "") +
                          "; worker-src 'self' blob:; connect-src 'self'" + further +
                          "; object-src 'none'; base-uri 'none'; frame-ancestors 'none'");
    to->set_body(*reply.body);
  }

  Server server_;
  asio::ip::tcp::endpoint endpoint_;
  OriginPolicy origin_;
  Handlers handlers_;
};

}  // namespace webpool::transport
