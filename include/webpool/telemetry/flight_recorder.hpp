#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/ids.hpp>

namespace webpool::telemetry {

/// What happened last on one tab and its workers: wire headers and events in a ring of up to `capacity` entries of 240
/// bytes, allocated as it fills. Answered heartbeats don't push out more interesting entries: only the latest one is
/// kept. Not thread-safe.
class FlightRecorder {
 public:
  enum class Kind : std::uint8_t { received, sent, event };
  enum class Traffic : std::uint8_t { message, heartbeat };

  struct Entry {
    TimePoint at;
    std::size_t bytes = 0;  ///< of the whole frame; 0 for an event
    Kind kind = Kind::event;
    bool heartbeat = false;
    bool cut = false;  ///< the text was longer
    std::uint8_t length = 0;
    std::array<char, 208> characters;

    std::string_view text() const noexcept { return {characters.data(), length}; }
  };

  /// `capacity`: at least 1.
  FlightRecorder(ConnectionId tab, std::size_t capacity) noexcept : tab_(tab), capacity_(capacity) {}

  ConnectionId tab() const noexcept { return tab_; }
  bool empty() const noexcept { return size_ == 0; }

  /// `text`: a header or a sentence, of which the beginning is kept.
  const Entry& record(TimePoint at, Kind kind, std::string_view text, std::size_t bytes = 0,
                      Traffic traffic = Traffic::message) {
    const bool heartbeat = traffic == Traffic::heartbeat;
    if (heartbeat && kind == Kind::sent && size_ >= 2 && back(0).heartbeat && back(0).kind == Kind::received &&
        back(1).heartbeat)
      size_ -= 2;
    const std::size_t place = (first_ + size_) % capacity_;
    if (size_ < capacity_)
      ++size_;
    else
      first_ = (first_ + 1) % capacity_;
    if (place >= entries_.size()) entries_.resize(place + 1);
    Entry& entry = entries_[place];
    entry.at = at;
    entry.bytes = bytes;
    entry.kind = kind;
    entry.heartbeat = heartbeat;
    entry.cut = text.size() > entry.characters.size();
    entry.length = static_cast<std::uint8_t>(std::min(text.size(), entry.characters.size()));
    std::copy_n(text.begin(), entry.length, entry.characters.begin());
    return entry;
  }

  /// Calls `visit(const Entry&)` for each entry, the oldest first, then forgets them all.
  template <class Visit>
  void drain(Visit visit) {
    for (std::size_t i = 0; i < size_; ++i) visit(entries_[(first_ + i) % capacity_]);
    first_ = size_ = 0;
  }

 private:
  const Entry& back(std::size_t before) const noexcept { return entries_[(first_ + size_ - 1 - before) % capacity_]; }

  ConnectionId tab_;
  std::size_t capacity_;
  std::size_t first_ = 0, size_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace webpool::telemetry
