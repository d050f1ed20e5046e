#pragma once

#include <cstdint>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/scheduling/lanes.hpp>

namespace webpool::scheduling {

/// In each lane, the request with the highest `RequestOptions::priority` comes next, and among equals the one that came
/// first. `push` and `erase` are O(log n), `front` is O(1).
///
/// Use it where some callers wait and others don't mind. A steady stream of high priorities starves the low ones: give
/// those a deadline, or use `Aged`.
class Priority : detail::KeyedLanes<std::int64_t> {
 public:
  void push(const Request& request) noexcept { KeyedLanes::push(request, -std::int64_t{request.priority}); }
  using KeyedLanes::erase;
  using KeyedLanes::front;
  using KeyedLanes::waiting;
};

static_assert(Scheduler<Priority>);

}  // namespace webpool::scheduling
