#pragma once

#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>
#include <webpool/transport/asio.hpp>
#include <webpool/transport/websocketpp.hpp>

namespace webpool::transport {

/// websocketpp's transport, except that a message can go to the socket before the function that sends it returns. Its
/// own way waits for two turns of the event loop, each with a system call, and hands at most 64 KiB at a time to the
/// system. For sockets that don't block, on one thread.
template <class Config>
class DirectConnection : public websocketpp::transport::asio::connection<Config> {
  using Base = websocketpp::transport::asio::connection<Config>;
  using Buffers = std::vector<websocketpp::transport::buffer>;
  using Handler = websocketpp::transport::write_handler;

 public:
  using Base::Base;

  /// Calls `send()`, and what that sends goes at once, as far as the system takes it; the rest follows. Not for a
  /// message that ends the connection, which would then end before `send` returns.
  template <class Send>
  void directly(Send send) {
    direct_ = true;
    send();
    direct_ = false;
  }

 protected:
  std::error_code dispatch(websocketpp::transport::dispatch_handler handler) {
    if (!direct_) return Base::dispatch(std::move(handler));
    handler();
    return {};
  }

  void async_write(const char* bytes, std::size_t count, Handler handler) {
    Base::async_write(bytes, count, std::move(handler));
  }
  void async_write(const Buffers& buffers, const Handler& handler) {
    for (const auto& each : buffers) rest_.emplace_back(each.buf, each.len);
    if (direct_ && write_some() && rest_.empty()) return handler({});
    wait(handler);  // for an error too: whoever sends must not find the connection gone
  }

 private:
  /// As much as the system takes; false on an error.
  bool write_some() {
    std::error_code failed;
    while (!rest_.empty()) {
      std::size_t sent = this->get_raw_socket().write_some(rest_, failed);
      if (failed) return failed == asio::error::would_block;
      auto next = rest_.begin();
      for (; next != rest_.end() && sent >= next->size(); ++next) sent -= next->size();
      if (next != rest_.end()) *next += sent;
      rest_.erase(rest_.begin(), next);
    }
    return true;
  }

  void wait(const Handler& handler) {
    this->get_raw_socket().async_wait(
        asio::socket_base::wait_write, [this, self = this->get_shared(), handler](const std::error_code& failed) {
          const bool sent = !failed && write_some();
          if (sent && !rest_.empty()) return wait(handler);
          rest_.clear();
          handler(sent ? std::error_code() : make_error_code(websocketpp::transport::error::pass_through));
        });
  }

  bool direct_ = false;
  std::vector<asio::const_buffer> rest_;  ///< what has not gone yet
};

template <class Config>
struct DirectEndpoint : websocketpp::transport::asio::endpoint<Config> {
  using transport_con_type = DirectConnection<Config>;
  using transport_con_ptr = std::shared_ptr<transport_con_type>;
};

}  // namespace webpool::transport
