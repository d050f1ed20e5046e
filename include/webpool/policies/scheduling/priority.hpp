#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>
#include <webpool/concepts/scheduler.hpp>

namespace webpool::scheduling {

/// In each lane, the request with the highest `RequestOptions::priority` comes next, and among equals the one that came
/// first. One binary heap per lane: `push` and `erase` are O(log n), `front` is O(1). A request that leaves before its
/// turn stays as a tombstone until it reaches the top or more than half of the heap are tombstones.
///
/// Use it where some callers wait and others don't mind. A steady stream of high priorities starves the low ones: give
/// those a deadline, or use a scheduler that ages them.
class Priority {
 public:
  void push(const Request& request) noexcept {
    if (request.model.value >= lanes_.size()) lanes_.resize(request.model.value + 1);
    std::vector<Entry>& heap = lanes_[request.model.value].heap;
    heap.push_back({request.priority, arrivals_++, request.id});
    std::ranges::push_heap(heap, behind);
  }

  std::optional<RequestId> front(ModelIndex model) noexcept {
    if (waiting(model) == 0) return std::nullopt;
    return lanes_[model.value].heap.front().id;
  }

  void erase(const Request& request) noexcept {
    Lane& lane = lanes_[request.model.value];
    if (lane.heap.front().id != request.id) {
      tombstones_.insert(request.id);
      ++lane.tombstones;
    } else {
      pop(lane);
    }
    while (lane.tombstones > 0 && tombstones_.erase(lane.heap.front().id) > 0) {
      pop(lane);
      --lane.tombstones;
    }
    if (2 * lane.tombstones > lane.heap.size() + 64) compact(lane);
  }

  std::size_t waiting(ModelIndex model) const noexcept {
    if (model.value >= lanes_.size()) return 0;
    return lanes_[model.value].heap.size() - lanes_[model.value].tombstones;
  }

 private:
  struct Entry {
    int priority;
    std::uint64_t arrival;
    RequestId id;
  };
  struct Lane {
    std::vector<Entry> heap;
    std::size_t tombstones = 0;  // in heap; its top is none
  };
  static constexpr auto behind = [](const Entry& a, const Entry& b) {
    return a.priority != b.priority ? a.priority < b.priority : a.arrival > b.arrival;
  };

  static void pop(Lane& lane) noexcept {
    std::ranges::pop_heap(lane.heap, behind);
    lane.heap.pop_back();
  }

  void compact(Lane& lane) noexcept {
    std::erase_if(lane.heap, [this](const Entry& entry) { return tombstones_.erase(entry.id) > 0; });
    std::ranges::make_heap(lane.heap, behind);
    lane.tombstones = 0;
  }

  std::vector<Lane> lanes_;  // by model
  std::unordered_set<RequestId> tombstones_;
  std::uint64_t arrivals_ = 0;
};

static_assert(Scheduler<Priority>);

}  // namespace webpool::scheduling
