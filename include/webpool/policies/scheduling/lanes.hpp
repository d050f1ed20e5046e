#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>
#include <webpool/ids.hpp>
#include <webpool/policies/scheduling/node_map.hpp>
#include <webpool/request.hpp>

namespace webpool::scheduling::detail {

/// Shared by schedulers with a fixed order: in each lane, the request with the least key comes next, and among equals
/// the one that was pushed first. A key never changes, so one binary heap per lane is enough: `push` and `erase` are
/// O(log n), `front` is O(1). A request that leaves before its turn stays as a tombstone until it reaches the top or
/// more than half of the heap are tombstones.
template <class Key>
class KeyedLanes {
 public:
  void push(const Request& request, Key key) noexcept {
    if (request.model.value >= lanes_.size()) lanes_.resize(request.model.value + 1);
    std::vector<Entry>& heap = lanes_[request.model.value].heap;
    heap.push_back({key, arrivals_++, request.id});
    std::ranges::push_heap(heap, behind);
  }

  std::optional<RequestId> front(ModelIndex model) const noexcept {
    if (waiting(model) == 0) return std::nullopt;
    return lanes_[model.value].heap.front().id;
  }

  /// The key of `front(model)`, which must not be empty.
  Key front_key(ModelIndex model) const noexcept { return lanes_[model.value].heap.front().key; }

  void erase(const Request& request) noexcept {
    Lane& lane = lanes_[request.model.value];
    if (lane.heap.front().id != request.id) {
      tombstones_.set(request.id, {});
      ++lane.tombstones;
    } else {
      pop(lane);
    }
    while (lane.tombstones > 0 && tombstones_.take(lane.heap.front().id)) {
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
    Key key;
    std::uint64_t arrival;
    RequestId id;
  };
  struct Lane {
    std::vector<Entry> heap;
    std::size_t tombstones = 0;  // in heap, but never at its top
  };
  static constexpr auto behind = [](const Entry& a, const Entry& b) {
    return a.key != b.key ? a.key > b.key : a.arrival > b.arrival;
  };

  static void pop(Lane& lane) noexcept {
    std::ranges::pop_heap(lane.heap, behind);
    lane.heap.pop_back();
  }

  void compact(Lane& lane) noexcept {
    std::erase_if(lane.heap, [this](const Entry& entry) { return tombstones_.take(entry.id).has_value(); });
    std::ranges::make_heap(lane.heap, behind);
    lane.tombstones = 0;
  }

  std::vector<Lane> lanes_;  // by model
  NodeMap<RequestId, std::monostate> tombstones_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace webpool::scheduling::detail
