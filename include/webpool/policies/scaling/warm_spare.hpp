#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/policies/scaling/utilization.hpp>

namespace webpool::scaling {

/// Any scaling policy plus n tabs, so that a rise in load finds a browser that has already started:
///
///     tabs = min(inner(load without n tabs) + n, max_connections)
///
/// The inner policy sees the pool without the spare tabs (starting ones are left out first) and with the remaining
/// tabs' share of places and memory. Otherwise it would count them as its own, and n would be added again and again.
///
/// Use it if browsers start slowly and load rises suddenly. The spare tabs take requests like the others; only capacity
/// is spare. They cost their memory all the time.
template <ScalingPolicy Inner = Utilization>
class WarmSpare {
 public:
  struct Settings {
    std::size_t tabs = 1;  ///< n
  };

  WarmSpare() = default;
  constexpr explicit WarmSpare(Settings settings, Inner inner = Inner()) noexcept
      : settings_(settings), inner_(std::move(inner)) {}

  constexpr std::size_t desired(const PoolLoad& load) noexcept {
    const std::size_t spare = std::min(settings_.tabs, load.max_connections);
    PoolLoad rest = load;
    rest.starting -= std::min(spare, load.starting);
    rest.connections -= std::min(spare - (load.starting - rest.starting), load.connections);
    if (load.connections > 0) {
      rest.capacity = load.capacity * rest.connections / load.connections;
      rest.memory_bytes = load.memory_bytes / load.connections * rest.connections;
    }
    return std::min(std::min(inner_.desired(rest), load.max_connections) + spare, load.max_connections);
  }

  constexpr void observe(const Outcome& outcome) noexcept requires Observer<Inner> { inner_.observe(outcome); }

 private:
  Settings settings_{};
  Inner inner_{};
};

static_assert(ScalingPolicy<WarmSpare<>>);

}  // namespace webpool::scaling
