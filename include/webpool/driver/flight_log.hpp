#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <webpool/clock.hpp>
#include <webpool/detail/logger.hpp>
#include <webpool/ids.hpp>
#include <webpool/protocol/json_text.hpp>
#include <webpool/protocol/messages.hpp>
#include <webpool/telemetry/flight_recorder.hpp>

namespace webpool::driver {

/// Records what passes between the pool and each tab, and writes it to the log as JSON lines when something fails; at
/// `LogLevel::debug` each entry at once:
///
///     {"tab":3,"at":12.345678,"sent":{"type":"run","id":17,…},"bytes":160}
///     {"tab":3,"at":12.351002,"event":"its socket closed"}
///
/// `at` counts seconds since the pool began. A header that was cut short is a string. Of messages that carry a secret,
/// or text of the application's, only the type is kept, and of a generation's tokens nothing. One thread.
class FlightLog {
  using Flight = telemetry::FlightRecorder;
  using Kind = Flight::Kind;

 public:
  /// `capacity`: entries per tab, at least 1.
  FlightLog(const detail::Logger& logger, std::size_t capacity) noexcept : logger_(logger), capacity_(capacity) {}

  std::shared_ptr<Flight> begin(ConnectionId tab) const { return std::make_shared<Flight>(tab, capacity_); }

  /// `frame`: a whole one, which decodes to, or was encoded from, a `Message`. A null flight is nobody's yet.
  template <class Message, class Bytes>
  void received(Flight* flight, const Bytes& frame) const {
    message<Message>(flight, Kind::received, frame);
  }
  template <class Message, class Bytes>
  void sent(Flight* flight, const Bytes& frame) const {
    message<Message>(flight, Kind::sent, frame);
  }

  void event(Flight* flight, std::string_view sentence) const {
    if (flight) record(*flight, Kind::event, sentence, 0);
  }

  /// Something failed in that tab: what is known of it goes into the log, once. `who`: the tab.
  void dump(Flight* flight, std::string_view who, std::string_view why) const {
    if (!flight || flight->empty()) return;
    if (logger_.debugging()) return flight->drain([](const auto&) {});  // all of it has been written
    logger_.info(std::string(who).append(": ").append(why).append("; what came before:"));
    flight->drain([&](const auto& entry) { logger_.info(line(flight->tab(), entry)); });
  }

 private:
  template <class Message>
  static constexpr std::string_view type_of_secret() {
    if constexpr (std::is_same_v<Message, protocol::Hello>) return "hello";
    if constexpr (std::is_same_v<Message, protocol::Attach>) return "attach";
    if constexpr (std::is_same_v<Message, protocol::OpenWorker>) return "open_worker";
    if constexpr (std::is_same_v<Message, protocol::Custom>) return "message";
    return {};
  }

  template <class Message, class Bytes>
  void message(Flight* flight, Kind kind, const Bytes& frame) const {
    if (!flight || std::is_same_v<Message, protocol::Tokens>) return;
    constexpr std::string_view secret = type_of_secret<Message>();
    constexpr bool beats = std::is_same_v<Message, protocol::Ping> || std::is_same_v<Message, protocol::Pong>;
    if constexpr (!secret.empty())
      record(*flight, kind, std::string(R"({"type":")").append(secret).append(R"("})"), frame.size());
    else
      record(*flight, kind, header_of(reinterpret_cast<const char*>(frame.data())), frame.size(),
             beats ? Flight::Traffic::heartbeat : Flight::Traffic::message);
  }

  /// Without the spaces that fill it up.
  static std::string_view header_of(const char* frame) {
    std::uint32_t length = 0;
    std::memcpy(&length, frame, 4);
    const std::string_view header(frame + 4, length);
    return header.substr(0, header.find_last_not_of(' ') + 1);
  }

  void record(Flight& flight, Kind kind, std::string_view text, std::size_t bytes,
              Flight::Traffic traffic = Flight::Traffic::message) const {
    const auto& entry = flight.record(Clock::now(), kind, text, bytes, traffic);
    if (logger_.debugging()) logger_.debug(line(flight.tab(), entry));
  }

  std::string line(ConnectionId tab, const Flight::Entry& entry) const {
    constexpr std::array<std::string_view, 3> names{"received", "sent", "event"};
    std::string line = R"({"tab":)" + std::to_string(tab.value) + R"(,"at":)";
    std::array<char, 32> digits;
    const double at = std::chrono::duration<double>(entry.at - began_).count();
    line.append(digits.data(), std::to_chars(digits.begin(), digits.end(), at, std::chars_format::fixed, 6).ptr);
    line.append(",\"").append(names[static_cast<std::size_t>(entry.kind)]).append("\":");
    // A page may write its headers with line breaks between the fields.
    const bool one_line = std::ranges::none_of(entry.text(), [](unsigned char each) { return each < 0x20; });
    if (entry.kind != Kind::event && one_line && !entry.cut)
      line += entry.text();
    else
      protocol::detail::append_string(line, entry.text());
    if (entry.kind != Kind::event) line.append(",\"bytes\":").append(std::to_string(entry.bytes));
    return line += '}';
  }

  const detail::Logger& logger_;
  const std::size_t capacity_;
  const TimePoint began_ = Clock::now();
};

}  // namespace webpool::driver
