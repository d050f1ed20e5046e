#pragma once

#include <algorithm>
#include <webpool/concepts/memory_policy.hpp>

namespace webpool::memory {

/// Keeps each tab within `MemorySettings`: its number of models, and its bytes. Where a further model would pass
/// `pressure_threshold` (0.8) of `bytes_per_connection`, the idle models give way to it, least recently used first;
/// where none is idle, it may fill the budget up, but not pass it.
///
/// Use it whenever models compete for memory. It swaps in and out when two models that don't fit together are used in
/// turn: then give the pool more tabs.
class LruBudget {
 public:
  constexpr MemoryDecision make_room(const MemoryView& view) noexcept {
    const std::size_t budget = view.settings.bytes_per_connection, most = view.settings.models_per_connection;
    if (budget > 0 && view.needed_bytes > budget) return {MemoryDecision::Kind::refuse};

    const std::size_t after = view.used_bytes + view.needed_bytes;
    const bool crowded = most > 0 && view.models.size() >= most;
    const bool pressed =
        budget > 0 && static_cast<double>(after) > view.settings.pressure_threshold * static_cast<double>(budget);
    if (!crowded && !pressed) return {MemoryDecision::Kind::load};

    const LoadedModel* oldest = nullptr;
    for (const LoadedModel& each : view.models)
      if (each.idle && (!oldest || each.last_used < oldest->last_used)) oldest = &each;
    if (oldest) return {MemoryDecision::Kind::evict, oldest->model};
    return {crowded || after > budget ? MemoryDecision::Kind::refuse : MemoryDecision::Kind::load};
  }
};

static_assert(MemoryPolicy<LruBudget>);

}  // namespace webpool::memory
