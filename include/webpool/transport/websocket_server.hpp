#pragma once

#include <asio/any_io_executor.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/error.hpp>
#include <webpool/transport/asio.hpp>
#include <webpool/transport/http_answer.hpp>
#include <webpool/transport/http_sender.hpp>
#include <webpool/transport/link.hpp>
#include <webpool/transport/origin.hpp>
#include <webpool/transport/server_config.hpp>
#include <webpool/transport/strangers.hpp>
#include <webpool/transport/websocket_link.hpp>

namespace webpool::transport {

/// Accepts the pages' sockets and HTTP requests on one port. Runs on the `io_context` that it was given; not
/// thread-safe.
///
/// Whoever reaches the port can talk to it, so what that costs is bounded: a request's head has at most 16,000 bytes
/// and 5 seconds to come, and no body (websocketpp's limits and ours); answers are sent from memory that all of them
/// share, or a MiB at a time; a socket's first message is short; and `Strangers` bounds how many of all these there
/// are.
class WebSocketServer {
  using Server = WebsocketppServer<ServerConfig>;

 public:
  using Socket = Server::connection_ptr;

  using AnswerHttp = std::function<HttpAnswer(std::string_view path)>;

  struct Settings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free one
    std::size_t maximum_message_bytes = 0;
    std::string public_origin{};  ///< see `OriginPolicy`
  };

  /// Listens at once. Throws `errc::address_in_use` or `errc::invalid_options`.
  WebSocketServer(asio::io_context& context, const Settings& settings, AnswerHttp http, LinkHandlers handlers)
      : endpoint_(bind(context, settings.address, settings.port)),
        origin_(settings.address, endpoint_.port(), settings.public_origin),
        maximum_message_bytes_(settings.maximum_message_bytes),
        http_(std::move(http)),
        handlers_(std::move(handlers)) {
    server_.set_max_message_size(std::min(maximum_message_bytes_, introduction_bytes));
    server_.set_tcp_post_init_handler([this](websocketpp::connection_hdl handle) { greet(socket(handle)); });
    server_.set_validate_handler([this](websocketpp::connection_hdl handle) { return validate(socket(handle)); });
    server_.set_http_handler([this](websocketpp::connection_hdl handle) { answer(socket(handle)); });
    server_.set_open_handler([this](websocketpp::connection_hdl handle) {
      const Socket opened = socket(handle);
      handlers_.opened(std::shared_ptr<Link>(opened, &opened->link), *opened->channel);
    });
    server_.set_ping_handler([this](websocketpp::connection_hdl handle, const std::string&) {
      const Socket from = socket(handle);
      count_message(from);
      return from->get_buffered_amount() < introduction_bytes;  // else it asks more than it cares to hear
    });
    server_.set_message_handler([this](websocketpp::connection_hdl handle, Server::message_ptr message) {
      const Socket from = socket(handle);
      count_message(from);
      if (message->get_opcode() != websocketpp::frame::opcode::binary)
        return from->link.close(CloseCode::policy_violation, "only binary messages are understood");
      const std::string& payload = message->get_payload();
      handlers_.received(from->link, std::as_bytes(std::span(payload)), message);
    });
    server_.set_close_handler([this](websocketpp::connection_hdl handle) {
      const Socket from = socket(handle);
      handlers_.closed(from->link, why(from));
    });
    server_.start_accept();
  }

  std::uint16_t port() const noexcept { return endpoint_.port(); }

  /// Call this ten times a second or so: refuses sockets that have not introduced themselves in ten seconds, ends
  /// answers that nobody reads, and reads on where there was too much.
  void tick(TimePoint now) {
    strangers_.visit_silent(introduction_timeout, now, [this](const Strangers::Connection& silent) {
      const Socket each = silent.expired() ? nullptr : socket(silent);
      if (each && each->channel)
        each->link.close(CloseCode::policy_violation, "the socket did not introduce itself in time");
    });
    strangers_.expire(now);
    for (const Socket& each : std::exchange(heard_, {}))
      if (std::exchange(each->messages, 0) >= most_messages) each->handle_resume_reading();
  }

  /// Accepts nothing more; sockets that are open stay so.
  void stop_listening() {
    websocketpp::lib::error_code ignored;
    server_.stop_listening(ignored);
  }

 private:
  /// Enough for any page's introduction, which takes some KiB.
  static constexpr std::size_t introduction_bytes = std::size_t{64} << 10;
  /// A browser has up to six connections to a host at a time, so tabs by the dozen may join at once. Each costs about
  /// 80 KiB, so all cost some 20 MiB, and they leave most of the usual 1024 descriptors of a process to others.
  static constexpr std::size_t most_strangers = 256;
  static constexpr std::chrono::seconds introduction_timeout{10};
  /// Longer than a socket has to introduce itself and to close, so in fact: without progress of an answer.
  static constexpr std::chrono::seconds silence_timeout{20};
  /// Of one socket per tick; the next ones wait in the socket. At the usual 100 ms that is several times what a worker
  /// sends that does nothing but answer, and a sender that means harm costs a quarter of the pool's thread.
  static constexpr unsigned most_messages = 5'000;

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

  static std::string why(const Socket& socket) {
    const std::string& said = socket->get_remote_close_reason().empty() ? socket->get_local_close_reason()
                                                                        : socket->get_remote_close_reason();
    return said.empty() ? "its socket closed" : said;
  }

  void greet(const Socket& newcomer) {
    asio::error_code ignored;
    newcomer->get_raw_socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    newcomer->get_raw_socket().non_blocking(true, ignored);
    newcomer->strangers = &strangers_;
    newcomer->most_bytes = maximum_message_bytes_;
    newcomer->place = strangers_.add(newcomer, Clock::now());
    newcomer->set_termination_handler([this](const Socket& ended) { strangers_.remove(ended->place); });
  }

  /// Stops reading once there is too much; only from a handler of what was read, when no other read is under way:
  /// websocketpp's `pause_reading` takes effect one read later, and would then have two at once.
  void count_message(const Socket& from) {
    if (from->messages++ == 0) heard_.push_back(from);
    if (from->messages == most_messages) from->handle_pause_reading();
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
    if (path == "/control") from->channel = Channel::control;
    if (path == "/data") from->channel = Channel::data;
    if (from->channel) return true;
    from->set_status(websocketpp::http::status_code::not_found);
    return false;
  }

  void answer(const Socket& to) {
    const std::string resource = to->get_resource();
    HttpAnswer reply = allowed(to) ? http_(std::string_view(resource).substr(0, resource.find_first_of("?#")))
                                   : plain(403, "foreign Host or Origin");
    auto range = requested_range(reply.status == 200 ? to->get_request_header("Range") : "", reply.size());
    if (!range) {
      reply = plain(416, "it has " + std::to_string(reply.size()) + " bytes");
      range = ByteRange{0, reply.size()};
    }
    // Not websocketpp's own way: it copies the body three times, and gives the whole answer five seconds.
    to->defer_http_response();
    auto reader = reader_of(reply);
    std::make_shared<HttpSender>(
        to->get_raw_socket(), std::move(reply), *range, std::move(reader),
        [this, to] { to->place = strangers_.move_to_end(to->place, Clock::now()); },
        [to] { to->terminate(make_error_code(websocketpp::error::http_connection_ended)); })
        ->send();
  }

  /// Where the answer's source is read, which may take its time; empty where that needs no thread.
  asio::any_io_executor reader_of(const HttpAnswer& answer) {
    if (!answer.source || !answer.source->in_memory().empty()) return {};
    if (!reader_) reader_.emplace(1);
    return reader_->get_executor();
  }

  static HttpAnswer plain(int status, std::string text) {
    return {status, "text/plain", std::make_shared<const std::string>(std::move(text))};
  }

  Server server_;
  asio::ip::tcp::endpoint endpoint_;
  OriginPolicy origin_;
  std::size_t maximum_message_bytes_;
  AnswerHttp http_;
  LinkHandlers handlers_;
  Strangers strangers_{most_strangers, silence_timeout, [this](const Strangers::Connection& silent) {
                         if (!silent.expired())
                           socket(silent)->terminate(make_error_code(websocketpp::error::open_handshake_timeout));
                       }};
  std::vector<Socket> heard_;                ///< those with messages since the last tick
  std::optional<asio::thread_pool> reader_;  ///< reads what is sent and not in memory; one thread, once it is needed
};

}  // namespace webpool::transport
