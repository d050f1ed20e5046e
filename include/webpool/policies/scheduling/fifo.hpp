#pragma once

#include <cstddef>
#include <optional>
#include <vector>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/scheduling/id_queue.hpp>

namespace webpool::scheduling {

/// The null object: in each lane, first come, first served. Priorities and deadlines make no difference. All calls are
/// O(1) amortised.
///
/// Use it if requests are alike. If some must not wait behind others, use `Priority`.
class Fifo {
 public:
  void push(const Request& request) noexcept {
    if (request.model.value >= lanes_.size()) lanes_.resize(request.model.value + 1);
    lanes_[request.model.value].push(request.id);
  }

  std::optional<RequestId> front(ModelIndex model) const noexcept {
    if (waiting(model) == 0) return std::nullopt;
    return lanes_[model.value].front();
  }

  void erase(const Request& request) noexcept { lanes_[request.model.value].erase(request.id, tombstones_); }

  std::size_t waiting(ModelIndex model) const noexcept {
    return model.value < lanes_.size() ? lanes_[model.value].size() : 0;
  }

 private:
  std::vector<detail::IdQueue> lanes_;  // by model
  detail::Tombstones tombstones_;
};

static_assert(Scheduler<Fifo>);

}  // namespace webpool::scheduling
