#pragma once

#include <cstddef>
#include <variant>
#include <vector>
#include <webpool/ids.hpp>
#include <webpool/policies/scheduling/node_map.hpp>

namespace webpool::scheduling::detail {

/// Requests that left a queue from its middle; several queues may share them.
using Tombstones = NodeMap<RequestId, std::monostate>;

/// Requests in the order in which they came; any of them may leave. All calls are O(1) amortised. A request that leaves
/// from the middle stays as a tombstone until the front reaches it or more than half of the queue are tombstones. It
/// must not come again before that. A request that is sent, and may come again, leaves from the front.
class IdQueue {
 public:
  std::size_t size() const noexcept { return ids_.size() - first_ - buried_; }

  /// The queue must not be empty.
  RequestId front() const noexcept { return ids_[first_]; }

  void push(RequestId id) noexcept { ids_.push_back(id); }

  /// The request must be in the queue. Returns whether the queue is now empty.
  bool erase(RequestId id, Tombstones& tombstones) noexcept {
    if (ids_[first_] != id) {
      tombstones.set(id, {});
      ++buried_;
    } else {
      ++first_;
    }
    while (buried_ > 0 && tombstones.take(ids_[first_])) {
      ++first_;
      --buried_;
    }
    const std::size_t gone = first_ + buried_;
    const bool empty = gone == ids_.size();
    if (empty || 2 * gone > ids_.size() + 64) compact(tombstones);
    return empty;
  }

 private:
  void compact(Tombstones& tombstones) noexcept {
    ids_.erase(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
    if (buried_ > 0) std::erase_if(ids_, [&](RequestId id) { return tombstones.take(id).has_value(); });
    buried_ = 0;
  }

  std::vector<RequestId> ids_;
  std::size_t first_ = 0;   // all before it have left
  std::size_t buried_ = 0;  // tombstones behind it; ids_[first_] is not one
};

}  // namespace webpool::scheduling::detail
