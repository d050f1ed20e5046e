#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <webpool/clock.hpp>

namespace webpool::transport {

/// Connections that have not shown that they belong here: their request is not complete, its answer is on the way, or
/// they are sockets before their first message. Whoever reaches the port can make these, so there are at most so many.
/// One more, and the one that has been silent longest gives way: holding connections open keeps nobody else out.
/// Not thread-safe.
class Strangers {
 public:
  using Connection = std::weak_ptr<void>;
  using Place = std::uint64_t;  ///< in the line of those who wait; 0 is none

  /// `drop` ends a connection at once. It may call `remove`.
  Strangers(std::size_t most, Duration timeout, std::function<void(const Connection&)> drop)
      : most_(most), timeout_(timeout), drop_(std::move(drop)) {}

  Place add(Connection connection, TimePoint now) {
    const Place place = ++last_;
    line_.emplace_hint(line_.end(), place, Stranger{std::move(connection), now});
    if (line_.size() > most_) drop_first();
    return place;
  }

  /// For one that does what it should: it is the last to give way. Does nothing for one that is not in the line.
  Place move_to_end(Place place, TimePoint now) {
    auto stranger = line_.extract(place);
    if (stranger.empty()) return 0;
    stranger.key() = ++last_;
    stranger.mapped().heard = now;
    line_.insert(line_.end(), std::move(stranger));
    return last_;
  }

  void remove(Place place) { line_.erase(place); }

  /// Drops all that have been silent for longer than the time-out.
  void expire(TimePoint now) {
    while (!line_.empty() && now > line_.begin()->second.heard + timeout_) drop_first();
  }

  /// Calls `visit(connection)` for all that have been silent for longer than that. They stay in the line, unless
  /// `visit` removes them.
  template <class Visit>
  void visit_silent(Duration time, TimePoint now, Visit visit) const {
    for (auto next = line_.begin(); next != line_.end() && now > next->second.heard + time;)
      visit((next++)->second.connection);
  }

  std::size_t size() const noexcept { return line_.size(); }

 private:
  struct Stranger {
    Connection connection;
    TimePoint heard;
  };

  void drop_first() { drop_(line_.extract(line_.begin()).mapped().connection); }

  std::size_t most_;
  Duration timeout_;
  std::function<void(const Connection&)> drop_;
  std::map<Place, Stranger> line_;
  Place last_ = 0;
};

}  // namespace webpool::transport
