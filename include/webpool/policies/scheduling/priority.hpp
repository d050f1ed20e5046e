#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/scheduling/id_queue.hpp>

namespace webpool::scheduling {

/// In each lane, the request with the highest `RequestOptions::priority` comes next, and among equals the one that came
/// first. `push` and `erase` are O(log p) for p different priorities that wait in the lane; `front` is O(1).
///
/// Use it if some callers are in a hurry and others are not. A steady stream of high priorities starves the low ones:
/// give those a deadline, or use `Aged`.
class Priority {
 public:
  void push(const Request& request) noexcept {
    if (request.model.value >= lanes_.size()) lanes_.resize(request.model.value + 1);
    Lane& lane = lanes_[request.model.value];
    level_of(lane.levels, request.priority).push(request.id);
    ++lane.waiting;
  }

  std::optional<RequestId> front(ModelIndex model) const noexcept {
    if (waiting(model) == 0) return std::nullopt;
    return lanes_[model.value].levels.begin()->second.front();
  }

  void erase(const Request& request) noexcept {
    Lane& lane = lanes_[request.model.value];
    const auto level = lane.levels.find(request.priority);
    if (level->second.erase(request.id, tombstones_)) spare_.push_back(lane.levels.extract(level));
    --lane.waiting;
  }

  std::size_t waiting(ModelIndex model) const noexcept {
    return model.value < lanes_.size() ? lanes_[model.value].waiting : 0;
  }

 private:
  using Levels = std::map<int, detail::IdQueue, std::greater<>>;  // by priority; none is empty
  struct Lane {
    Levels levels;
    std::size_t waiting = 0;
  };

  /// Levels keep their memory when they go: after a warm-up, they come and go without allocating.
  detail::IdQueue& level_of(Levels& levels, int priority) noexcept {
    const auto found = levels.find(priority);
    if (found != levels.end()) return found->second;
    if (spare_.empty()) return levels[priority];
    auto node = std::move(spare_.back());
    spare_.pop_back();
    node.key() = priority;
    return levels.insert(std::move(node)).position->second;
  }

  std::vector<Lane> lanes_;  // by model
  std::vector<Levels::node_type> spare_;
  detail::Tombstones tombstones_;
};

static_assert(Scheduler<Priority>);

}  // namespace webpool::scheduling
