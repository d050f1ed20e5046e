#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>

namespace webpool::testing {

/// A virtual clock and its events: a binary heap ordered by time, and among equals by `push`, so that the same events
/// give the same simulation.
template <class Event>
class EventQueue {
 public:
  explicit EventQueue(TimePoint start) noexcept : now_(start) {}

  TimePoint now() const noexcept { return now_; }
  bool empty() const noexcept { return heap_.empty(); }

  /// An event in the past happens now.
  void push(TimePoint when, Event event) {
    heap_.push_back({std::max(when, now_), pushed_++, std::move(event)});
    std::ranges::push_heap(heap_, later);
  }

  /// The next event until `end`; the clock is set to its time. If there is none, empty, and the clock is set to `end`.
  std::optional<Event> pop(TimePoint end) {
    if (heap_.empty() || heap_.front().when > end) {
      now_ = std::max(now_, end);
      return std::nullopt;
    }
    std::ranges::pop_heap(heap_, later);
    now_ = heap_.back().when;
    std::optional<Event> event(std::move(heap_.back().event));
    heap_.pop_back();
    return event;
  }

 private:
  struct Entry {
    TimePoint when;
    std::uint64_t order;
    Event event;
  };
  static constexpr auto later = [](const Entry& a, const Entry& b) {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  };

  TimePoint now_;
  std::uint64_t pushed_ = 0;
  std::vector<Entry> heap_;
};

}  // namespace webpool::testing
