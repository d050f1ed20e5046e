#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>
#include <webpool/clock.hpp>

namespace webpool::engine {

/// Moments at which something may have to end. Nothing is removed when it ends earlier: what is due is looked up by its
/// key, and a key that means nothing any more is ignored. `prune` keeps such leftovers below half, which makes their
/// cost O(1) per `push`, and a `push` in order of time is O(1) too.
template <class Key>
class Expiries {
 public:
  void push(TimePoint when, Key key) {
    heap_.push_back({when, key});
    std::ranges::push_heap(heap_, later);
  }

  /// Takes out one key whose time has come.
  std::optional<Key> pop_due(TimePoint now) {
    if (heap_.empty() || heap_.front().when > now) return std::nullopt;
    std::ranges::pop_heap(heap_, later);
    const Key key = heap_.back().key;
    heap_.pop_back();
    return key;
  }

  /// Forgets the keys for which `alive` is false, if they can be more than half. `living`: an upper bound of the
  /// others.
  template <class Alive>
  void prune(std::size_t living, Alive alive) {
    if (heap_.size() < 2 * living + 64) return;
    std::erase_if(heap_, [&](const Entry& entry) { return !alive(entry.key); });
    std::ranges::make_heap(heap_, later);
  }

  void clear() noexcept { heap_.clear(); }
  std::size_t size() const noexcept { return heap_.size(); }

 private:
  struct Entry {
    TimePoint when;
    Key key;
  };
  static constexpr auto later = [](const Entry& a, const Entry& b) { return a.when > b.when; };

  std::vector<Entry> heap_;
};

}  // namespace webpool::engine
