#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <webpool/transport/direct_connection.hpp>
#include <webpool/transport/link.hpp>
#include <webpool/transport/strangers.hpp>
#include <webpool/transport/websocketpp.hpp>

namespace webpool::transport {

struct SocketState;

/// A socket of the server as the pool knows it.
class WebSocketLink final : public Link {
 public:
  explicit WebSocketLink(SocketState& state) noexcept : state_(state) {}

  /// What `write` appends is the only copy of a message's tensors on the way out.
  void send(Write write) override;
  void close(CloseCode code, std::string_view words) override;
  std::size_t buffered() const override;
  void introduced() override;

 private:
  SocketState& state_;
};

/// What the server remembers on a connection itself.
struct SocketState {
  WebSocketLink link{*this};
  std::optional<Channel> channel{};  ///< empty until it is a socket
  Strangers* strangers = nullptr;    ///< among whom it is, unless `place` is 0
  Strangers::Place place = 0;
  std::size_t most_bytes = 0;  ///< of a message, once it has introduced itself
  unsigned messages = 0;       ///< since the last tick
};

struct ServerConfig : WebsocketppConfig {
  using connection_base = SocketState;
  using transport_type = DirectEndpoint<transport_config>;
  /// 32 KiB per socket: a 64 KiB tensor then takes three reads instead of five, and a tab that has sent one costs the
  /// host less than 64 KiB of memory.
  static constexpr std::size_t connection_read_buffer_size = 32 << 10;
};

/// XORs the bytes with those of `key` (RFC 6455, 5.3), over and over; the key for the bytes that follow. A word at a
/// time: twenty times as fast as websocketpp's own way, which takes most of the host's time where tensors are large.
inline std::size_t unmask(char* bytes, std::size_t count, std::size_t key) noexcept {
  std::size_t done = 0;
  for (; done + sizeof key <= count; done += sizeof key) {
    std::size_t word;
    std::memcpy(&word, bytes + done, sizeof word);
    word ^= key;
    std::memcpy(bytes + done, &word, sizeof word);
  }
  unsigned char of_key[sizeof key];
  std::memcpy(of_key, &key, sizeof key);
  for (std::size_t i = 0; done + i < count; ++i) bytes[done + i] = static_cast<char>(bytes[done + i] ^ of_key[i]);
  return websocketpp::frame::circshift_prepared_key(key, count % sizeof key);
}

}  // namespace webpool::transport

/// How frames are read on sockets with that config. Text is not decoded: the server understands none.
template <>
inline std::size_t websocketpp::processor::hybi13<webpool::transport::ServerConfig>::process_payload_bytes(
    std::uint8_t* bytes, std::size_t count, lib::error_code&) {
  std::string& payload = m_current_msg->msg_ptr->get_raw_payload();
  payload.append(reinterpret_cast<const char*>(bytes), count);
  if (frame::get_masked(m_basic_header))
    m_current_msg->prepared_key =
        webpool::transport::unmask(payload.data() + payload.size() - count, count, m_current_msg->prepared_key);
  m_bytes_needed -= count;
  return count;
}
