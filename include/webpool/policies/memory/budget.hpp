#pragma once

#include <algorithm>
#include <cstddef>
#include <webpool/concepts/memory_policy.hpp>

namespace webpool::memory::detail {

/// The share, or 1 if it is not within 0 .. 1 (NaN included).
constexpr double share_of(double share) noexcept { return share >= 0 && share <= 1 ? share : 1; }

/// Whether `used + needed` bytes are within that share of a budget. A sum that overflows is not.
constexpr bool within(std::size_t used, std::size_t needed, std::size_t budget, double share = 1) noexcept {
  if (budget == 0) return true;
  if (needed > budget || used > budget - needed) return false;
  return share == 1 || static_cast<double>(used + needed) <= share * static_cast<double>(budget);
}

/// Whether the new model fits beside the others within that share of both byte budgets.
constexpr bool bytes_fit(const MemoryView& view, double share) noexcept {
  return within(view.used_bytes, view.needed_bytes, view.settings.bytes_per_connection, share) &&
         within(view.pool_bytes, view.needed_bytes, view.settings.bytes_for_pool, share);
}

/// Whether it would fit into the budgets without the idle models. Only then is it worth evicting one.
constexpr bool could_fit(const MemoryView& view) noexcept {
  std::size_t idle = 0, idle_bytes = 0;
  for (const LoadedModel& each : view.models) {
    if (!each.idle) continue;
    ++idle;
    idle_bytes += each.bytes;
  }
  const unsigned most = view.settings.models_per_connection;
  const auto less = [idle_bytes](std::size_t used) { return used - std::min(used, idle_bytes); };
  return (most == 0 || view.models.size() - idle < most) &&
         within(less(view.used_bytes), view.needed_bytes, view.settings.bytes_per_connection) &&
         within(less(view.pool_bytes), view.needed_bytes, view.settings.bytes_for_pool);
}

/// Shared by policies that keep to `MemorySettings`. If the new model would exceed that share of a budget, or the
/// number of models, the idle model with the least value is evicted. If none is idle, the new model may fill the
/// budgets completely, but not exceed them. A model that can't fit in any case is refused before anything is evicted
/// for it.
///
/// `value(m)` of a `const LoadedModel&` is compared by `<`; among equals the least recently used is evicted. A limit of
/// 0 is no limit, and a share outside 0 .. 1 counts as 1.
template <class Value>
constexpr MemoryDecision keep_to_budgets(const MemoryView& view, double share, Value value) noexcept {
  if (!could_fit(view)) return {MemoryDecision::Kind::refuse};
  const unsigned most = view.settings.models_per_connection;
  const bool crowded = most > 0 && view.models.size() >= most;
  if (!crowded && bytes_fit(view, share_of(share))) return {MemoryDecision::Kind::load};
  if (!view.may_evict) return {MemoryDecision::Kind::refuse};

  const LoadedModel* least = nullptr;
  decltype(value(*least)) lowest{};
  for (const LoadedModel& each : view.models) {
    if (!each.idle) continue;
    const auto own = value(each);
    if (least && !(own < lowest) && (lowest < own || each.last_used >= least->last_used)) continue;
    least = &each;
    lowest = own;
  }
  return least ? MemoryDecision{MemoryDecision::Kind::evict, least->model} : MemoryDecision{};
}

}  // namespace webpool::memory::detail
