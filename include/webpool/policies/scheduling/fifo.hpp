#pragma once

#include <cstddef>
#include <optional>
#include <variant>
#include <vector>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/scheduling/node_map.hpp>

namespace webpool::scheduling {

/// The null object: in each lane, first come, first served; priorities and deadlines change nothing. All calls are O(1)
/// amortised. A request that leaves from the middle stays as a tombstone until the front reaches it or more than half
/// of the lane are tombstones.
///
/// Use it where requests are alike; where some must not wait behind others, use `Priority`.
class Fifo {
 public:
  void push(const Request& request) noexcept {
    if (request.model.value >= lanes_.size()) lanes_.resize(request.model.value + 1);
    lanes_[request.model.value].ids.push_back(request.id);
  }

  std::optional<RequestId> front(ModelIndex model) noexcept {
    if (waiting(model) == 0) return std::nullopt;
    const Lane& lane = lanes_[model.value];
    return lane.ids[lane.first];
  }

  void erase(const Request& request) noexcept {
    Lane& lane = lanes_[request.model.value];
    if (lane.ids[lane.first] != request.id) {
      tombstones_.set(request.id, {});
      ++lane.tombstones;
    } else {
      ++lane.first;
    }
    while (lane.tombstones > 0 && tombstones_.take(lane.ids[lane.first])) {
      ++lane.first;
      --lane.tombstones;
    }
    if (2 * (lane.first + lane.tombstones) > lane.ids.size() + 64) compact(lane);
  }

  std::size_t waiting(ModelIndex model) const noexcept {
    if (model.value >= lanes_.size()) return 0;
    const Lane& lane = lanes_[model.value];
    return lane.ids.size() - lane.first - lane.tombstones;
  }

 private:
  struct Lane {
    std::vector<RequestId> ids;
    std::size_t first = 0;       // those before it have left
    std::size_t tombstones = 0;  // behind it; ids[first] is none
  };

  void compact(Lane& lane) noexcept {
    lane.ids.erase(lane.ids.begin(), lane.ids.begin() + static_cast<std::ptrdiff_t>(lane.first));
    lane.first = 0;
    if (lane.tombstones > 0) std::erase_if(lane.ids, [this](RequestId id) { return tombstones_.take(id).has_value(); });
    lane.tombstones = 0;
  }

  std::vector<Lane> lanes_;  // by model
  detail::NodeMap<RequestId, std::monostate> tombstones_;
};

static_assert(Scheduler<Fifo>);

}  // namespace webpool::scheduling
