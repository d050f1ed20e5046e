#pragma once

#include <cstdint>
#include <functional>

namespace webpool {

/// A number that compares only with its own kind. `Tag` keeps a model's id from being passed as a request's.
template <class Tag, class Rep>
struct StrongId {
  Rep value = 0;
  friend constexpr auto operator<=>(StrongId, StrongId) = default;
};

/// Wire ids: 64-bit counters below 2^53, never reused while the pool lives.
using ConnectionId = StrongId<struct ConnectionTag, std::uint64_t>;
using RequestId = StrongId<struct RequestTag, std::uint64_t>;
using WorkerId = StrongId<struct WorkerTag, std::uint64_t>;
using LaunchId = StrongId<struct LaunchTag, std::uint64_t>;
using TensorId = StrongId<struct TensorTag, std::uint64_t>;

/// Slots of the engine's tables: dense, small, and reused once their owner is gone.
using ConnectionIndex = StrongId<struct ConnectionSlotTag, std::uint32_t>;
using ModelIndex = StrongId<struct ModelSlotTag, std::uint32_t>;

}  // namespace webpool

template <class Tag, class Rep>
struct std::hash<webpool::StrongId<Tag, Rep>> {
  std::size_t operator()(webpool::StrongId<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value); }
};
