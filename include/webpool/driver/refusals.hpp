#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <webpool/detail/logger.hpp>
#include <webpool/driver/roster.hpp>
#include <webpool/protocol/messages.hpp>
#include <webpool/transport/link.hpp>

namespace webpool::driver {

/// Links that did not introduce themselves as they should, and what they hear once their turn has come. In the pool's
/// loop.
///
/// One of them is answered per tick. So who tries tokens learns of ten wrong ones in a second, and the log grows by ten
/// lines; a right one is answered at once. Guesses that do not wait for an answer cost a connection each: a million in
/// a second would find a token of 128 bits in 10^25 years.
class Refusals {
 public:
  Refusals(Roster& roster, const detail::Logger& logger) : roster_(roster), logger_(logger) {}

  /// A message that is none, or not the one that was due.
  void add(const Peer& to, std::string reason) { line_.push_back({to.link(), std::nullopt, std::move(reason)}); }
  /// A tab that may not join.
  void add_tab(const Peer& to, protocol::Refusal code, const std::string& reason) {
    line_.push_back({to.link(), protocol::Refused{code, reason}, reason});
  }

  /// Answers the first that is still there.
  void answer_next() {
    while (!line_.empty()) {
      const Refusal next = std::move(line_.front());
      line_.pop_front();
      const auto link = next.link.lock();
      Peer* const peer = link ? roster_.find(*link) : nullptr;
      if (!peer) continue;
      logger_.info("refused a " + std::string(next.message ? "tab: " : "message: ") + next.reason);
      if (next.message) peer->send(*next.message);
      return peer->refuse(next.reason);
    }
  }

 private:
  struct Refusal {
    std::weak_ptr<transport::Link> link;
    std::optional<protocol::Refused> message;
    std::string reason;
  };

  Roster& roster_;
  const detail::Logger& logger_;
  std::deque<Refusal> line_;  ///< first come, first served
};

}  // namespace webpool::driver
