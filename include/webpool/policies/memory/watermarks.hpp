#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <webpool/concepts/memory_policy.hpp>
#include <webpool/policies/memory/budget.hpp>

namespace webpool::memory {

/// Keeps to `MemorySettings` as `LruBudget` does, but evicts in batches. Nothing is evicted below the high mark. If a
/// new model would exceed it, idle models are evicted, least recently used first, until the total is below the low
/// mark.
///
///     high = pressure_threshold (0.8)        low = `Settings::low` (0.6)        as shares of each byte budget
///
/// Several loads then find room before the next batch, and a tab at its limit doesn't evict for every load. Kernels
/// reclaim pages by two marks in the same way (Linux's kswapd; Gorman, "Understanding the Linux Virtual Memory
/// Manager", 2004, chapter 10). If only the number of models is exceeded, one is evicted. A low mark that is above the
/// high one, or NaN, counts as the high one, which makes this `LruBudget`.
///
/// Use it if models are loaded often and are small compared with the budget. It keeps fewer models loaded than
/// `LruBudget`: with few large models, it evicts some that would have fitted.
class Watermarks {
 public:
  struct Settings {
    double low = 0.6;  ///< share of the budget at which evicting ends
  };

  Watermarks() = default;
  constexpr explicit Watermarks(Settings settings) noexcept : low_(settings.low) {}

  constexpr MemoryDecision make_room(const MemoryView& view) noexcept {
    const double high = detail::share_of(view.settings.pressure_threshold);
    // The policy is asked again right after an eviction, with what it has left.
    const bool clearing = (left_ && *left_ == view.used_bytes) || !detail::bytes_fit(view, high);
    left_.reset();
    const MemoryDecision decision = detail::keep_to_budgets(view, clearing && low_ >= 0 && low_ < high ? low_ : high,
                                                            [](const LoadedModel& model) { return model.last_used; });
    if (clearing && decision.kind == MemoryDecision::Kind::evict) {
      const auto victim = std::ranges::find(view.models, decision.victim, &LoadedModel::model);
      left_ = view.used_bytes - std::min(view.used_bytes, victim->bytes);
    }
    return decision;
  }

 private:
  double low_ = Settings().low;
  std::optional<std::size_t> left_;  // bytes in the tab after the eviction, while clearing up
};

static_assert(MemoryPolicy<Watermarks>);

}  // namespace webpool::memory
