#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/driver/flight_log.hpp>
#include <webpool/error.hpp>
#include <webpool/protocol/encode.hpp>
#include <webpool/telemetry/flight_recorder.hpp>
#include <webpool/transport/link.hpp>

namespace webpool::driver {

struct Tab;
struct Worker;

/// What is wrong with a message that its link may not send now.
inline Error out_of_turn(std::string_view what) {
  return Error(errc::malformed_frame, "a '" + std::string(what) + "' is out of turn here");
}

/// What the pool knows of one link: whose it is, and the record of what passes on it. Sends messages, and notes each in
/// that record. Touches its link and its tab's flight, nothing else. In the pool's loop.
class Peer {
 public:
  Peer(std::shared_ptr<transport::Link> link, transport::Channel which, const FlightLog& flights)
      : channel(which), link_(std::move(link)), flights_(flights) {}

  /// From now on it speaks for that tab.
  void introduce_as(Tab& owner, std::shared_ptr<telemetry::FlightRecorder> flight) {
    tab = &owner;
    flight_ = std::move(flight);
    link_->introduced();
  }
  /// From now on it speaks for that worker, in the tab of that flight.
  void introduce_as(Worker& owner, std::shared_ptr<telemetry::FlightRecorder> flight) {
    worker = &owner;
    flight_ = std::move(flight);
    link_->introduced();
  }
  bool introduced() const noexcept { return tab || worker; }

  template <class Message>
  void send(const Message& message) {
    link_->send([&](std::string& out) {
      protocol::encode(out, message);
      flights_.sent<Message>(flight_.get(), out);
    });
  }
  /// Sends a message of the application's that is a frame already.
  void send_frame(std::string frame) {
    link_->send([&](std::string& out) {
      out = std::move(frame);
      flights_.sent<protocol::Custom>(flight_.get(), out);
    });
  }

  template <class Message>
  void note_received(std::span<const std::byte> frame) const {
    flights_.received<Message>(flight_.get(), frame);
  }
  void note(std::string_view event) const { flights_.event(flight_.get(), event); }

  void close(std::string_view words) { link_->close(transport::CloseCode::normal, words); }
  /// Closes it because the page broke the protocol.
  void refuse(std::string_view words) { link_->close(transport::CloseCode::policy_violation, words); }

  const std::shared_ptr<transport::Link>& link() const noexcept { return link_; }

  const transport::Channel channel;
  bool heard = false;        ///< its first message has come: it has one try to introduce itself
  Tab* tab = nullptr;        ///< whose control link it is
  Worker* worker = nullptr;  ///< whose data link it is

 private:
  const std::shared_ptr<transport::Link> link_;
  const FlightLog& flights_;
  std::shared_ptr<telemetry::FlightRecorder> flight_;  ///< null until it has introduced itself
};

}  // namespace webpool::driver
