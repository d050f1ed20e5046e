#pragma once

// What a server's socket does as a link. Apart from `WebSocketLink` itself, which is a part of the connection's type.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/transport/link.hpp>
#include <webpool/transport/server_config.hpp>

namespace webpool::transport {

using ServerConnection = websocketpp::connection<ServerConfig>;

inline ServerConnection& connection_of(SocketState& state) noexcept { return static_cast<ServerConnection&>(state); }

inline void WebSocketLink::send(Write write) {
  namespace frame = websocketpp::frame;
  ServerConnection& connection = connection_of(state_);
  const auto message = connection.get_message(frame::opcode::binary, 0);
  std::string& payload = message->get_raw_payload();
  write(payload);
  // A message that already has its header is queued as it is; otherwise websocketpp would copy the payload once more.
  message->set_header(frame::prepare_header(frame::basic_header(frame::opcode::binary, payload.size(), true, false),
                                            frame::extended_header(payload.size())));
  message->set_prepared(true);
  connection.directly([&] { connection.send(message); });  // an error means that it is closing; its close handler tells
}

inline void WebSocketLink::close(CloseCode code, std::string_view words) {
  constexpr std::size_t most = 123;  // what a close frame holds
  std::size_t length = std::min(words.size(), most);
  const auto splits_a_character = [&] {
    return length < words.size() && (static_cast<unsigned char>(words[length]) & 0xC0) == 0x80;
  };
  while (splits_a_character()) --length;
  websocketpp::lib::error_code ignored;
  connection_of(state_).close(static_cast<websocketpp::close::status::value>(code),
                              std::string(words.substr(0, length)), ignored);
}

inline std::size_t WebSocketLink::buffered() const { return connection_of(state_).get_buffered_amount(); }

inline void WebSocketLink::introduced() {
  if (state_.strangers) state_.strangers->remove(std::exchange(state_.place, 0));
  connection_of(state_).set_max_message_size(state_.most_bytes);
}

}  // namespace webpool::transport
