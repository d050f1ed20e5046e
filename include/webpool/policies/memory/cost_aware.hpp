#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <webpool/concepts/memory_policy.hpp>
#include <webpool/policies/memory/budget.hpp>

namespace webpool::memory {

/// Keeps to `MemorySettings` as `LruBudget` does, but evicts first the idle model that is cheapest to lose, the one
/// with the least
///
///     value = load time · rate / bytes        in seconds of loading spared, per second and byte
///     rate  = min((uses + 1) / seconds since it was loaded, 1 / seconds since it was used)
///
/// This is GreedyDual-Size-Frequency (Cherkasova, "Improving WWW proxies performance with
/// Greedy-Dual-Size-Frequency caching policy", HP Labs, 1998) with time in place of its inflation L. L ages what is no
/// longer used, but has to be told of every use. Here a model's rate falls once its pause is longer than its earlier
/// pauses. Loading counts as a use, so that a model is not evicted before its first request.
///
/// A time of less than a second counts as a second, even if the clock goes backwards. A load time of 0 is not known
/// yet, and such a model is evicted first; among equals, the least recently used is.
///
/// Use it if models differ much in size, loading time or use. If they are alike, it is hardly better than `LruBudget`,
/// and it keeps a model that was busy yesterday for longer.
class CostAware {
 public:
  constexpr MemoryDecision make_room(const MemoryView& view) noexcept {
    const auto since = [&view](TimePoint then) {
      return view.now <= then ? 1.0 : std::max(1.0, std::chrono::duration<double>(view.now - then).count());
    };
    return detail::keep_to_budgets(view, view.settings.pressure_threshold, [since](const LoadedModel& model) {
      const double rate =
          std::min((static_cast<double>(model.uses) + 1) / since(model.loaded), 1 / since(model.last_used));
      const double bytes = static_cast<double>(std::max<std::size_t>(model.bytes, 1));
      return std::max(0.0, std::chrono::duration<double>(model.load_time).count()) * rate / bytes;
    });
  }
};

static_assert(MemoryPolicy<CostAware>);

}  // namespace webpool::memory
