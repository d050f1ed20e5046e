#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <webpool/detail/logger.hpp>
#include <webpool/driver/departures.hpp>
#include <webpool/driver/refusals.hpp>
#include <webpool/driver/roster.hpp>
#include <webpool/driver/tab_inbox.hpp>
#include <webpool/driver/worker_inbox.hpp>
#include <webpool/error.hpp>
#include <webpool/protocol/decode.hpp>
#include <webpool/transport/link.hpp>

namespace webpool::driver {

/// What links bring: frames, which it decodes and hands to the inbox of tabs or of workers, and their ends. A link that
/// breaks the protocol is closed; one that never introduced itself waits its turn for that. Touches the roster only. In
/// the pool's loop.
class Inbox {
 public:
  struct Uses {
    const webpool::detail::Logger& logger;
    Roster& roster;
    Refusals& refusals;
    Departures& departures;
    TabInbox& tabs;
    WorkerInbox& workers;
  };

  explicit Inbox(const Uses& uses) : uses_(uses) {}

  void received(transport::Link& link, std::span<const std::byte> frame, std::shared_ptr<const void> owner) {
    Peer* const from = uses_.roster.find(link);
    if (!from || (!from->introduced() && std::exchange(from->heard, true))) return;
    const auto broken =
        from->channel == transport::Channel::control
            ? take(uses_.tabs, *from, frame, decoder_.control(frame, std::move(owner)))
            : take(uses_.workers, *from, frame,
                   decoder_.data(frame, std::move(owner), from->worker ? &from->worker->next_result : nullptr));
    if (!broken) return;
    if (!from->introduced()) return uses_.refusals.add(*from, broken->message());
    uses_.logger.info("refused a message: " + broken->message());
    from->note("refused a message: " + broken->message());
    from->refuse(broken->message());
  }

  void closed(const transport::Link& link, const std::string& reason) {
    Peer* const peer = uses_.roster.find(link);
    if (!peer) return;
    Tab* const tab = peer->tab;
    Worker* const worker = peer->worker;
    if (worker) peer->note("worker " + std::to_string(worker->id.value) + " left: " + reason);
    uses_.roster.drop(*peer);
    if (tab) uses_.departures.tab_left(*tab, reason);
    if (worker) uses_.departures.worker_unlinked(*worker, "its worker went away: " + reason);
  }

 private:
  /// What is wrong with the message; empty when nothing is.
  template <class Room, class Message>
  static std::optional<Error> take(Room& room, Peer& from, std::span<const std::byte> frame,
                                   Expected<Message> message) {
    if (!message) return message.error();
    return std::visit(
        [&]<class Each>(Each& each) {
          from.note_received<Each>(frame);
          return room.take(from, each);
        },
        *message);
  }

  const Uses uses_;
  protocol::Decoder decoder_;
};

}  // namespace webpool::driver
