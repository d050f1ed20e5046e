#pragma once

#include <webpool/concepts/memory_policy.hpp>
#include <webpool/policies/memory/budget.hpp>

namespace webpool::memory {

/// Keeps to `MemorySettings`: to each tab's number of models and bytes, and to the bytes of all tabs together. If a new
/// model would exceed `pressure_threshold` (0.8) of a budget, the tab's idle models are evicted, least recently used
/// first. If none is idle, the new model may fill the budget completely, but not exceed it. A model that can't fit in
/// any case is refused, and nothing is evicted for it. A threshold outside 0 .. 1 counts as 1.
///
/// Use it whenever models compete for memory. If two models that don't fit together are used in turn, it swaps them in
/// and out: then give the pool more tabs. If models differ much in size or loading time, `CostAware` is better.
class LruBudget {
 public:
  constexpr MemoryDecision make_room(const MemoryView& view) noexcept {
    return detail::keep_to_budgets(view, view.settings.pressure_threshold,
                                   [](const LoadedModel& model) { return model.last_used; });
  }
};

static_assert(MemoryPolicy<LruBudget>);

}  // namespace webpool::memory
