#pragma once

#include <webpool/concepts/scaling_policy.hpp>

namespace webpool::scaling {

/// The null object: always `min_connections` tabs. Use it for a fixed set of devices, for benchmarks and in tests. If
/// load comes and goes, use `Utilization`.
class Fixed {
 public:
  constexpr std::size_t desired(const PoolLoad& load) noexcept { return load.min_connections; }
};

static_assert(ScalingPolicy<Fixed>);

}  // namespace webpool::scaling
