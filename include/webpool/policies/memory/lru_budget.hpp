#pragma once

#include <webpool/concepts/memory_policy.hpp>
#include <webpool/policies/memory/budget.hpp>

namespace webpool::memory {

/// Keeps to `MemorySettings`: to each tab's number of models and bytes, and to the bytes of all tabs together. Where a
/// further model would pass `pressure_threshold` (0.8) of a budget, the tab's idle models give way to it, least
/// recently used first; where none is idle, it may fill the budget up, but not pass it. What could only pass a budget
/// is refused, and nothing is evicted for it. A threshold outside 0 .. 1 counts as 1.
///
/// Use it whenever models compete for memory. It swaps in and out when two models that don't fit together are used in
/// turn: then give the pool more tabs. Where models differ much in size or loading time, `CostAware` knows better.
class LruBudget {
 public:
  constexpr MemoryDecision make_room(const MemoryView& view) noexcept {
    return detail::keep_to_budgets(view, view.settings.pressure_threshold,
                                   [](const LoadedModel& model) { return model.last_used; });
  }
};

static_assert(MemoryPolicy<LruBudget>);

}  // namespace webpool::memory
