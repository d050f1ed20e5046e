#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/policies/scaling/per_tab.hpp>
#include <webpool/policies/scaling/utilization.hpp>

namespace webpool::scaling {

/// Any scaling policy, with at most as many tabs as their models' memory allows:
///
///     tabs ≤ max(1, floor(bytes / bytes per tab))
///
/// Bytes per tab are an average. It rises at once and falls slowly, because a tab that has just joined is going to load
/// what the others hold. Nothing is measured for 10 s after a tab has gone, since a draining tab still has its models'
/// memory but is no longer counted. Until memory is known, and if `bytes` is 0, the inner policy decides alone. The
/// pool's `min_connections` override this limit.
///
/// Use it if all tabs are on one machine. If some are elsewhere, `MemorySettings` limit each tab. Wrapped around
/// `WarmSpare`, it counts the spare tabs too.
template <ScalingPolicy Inner = Utilization>
class MemoryLimited {
 public:
  struct Settings {
    std::size_t bytes = 0;  ///< of all models in all tabs; 0: unlimited
  };

  MemoryLimited() = default;
  explicit MemoryLimited(Settings settings, Inner inner = Inner()) noexcept
      : settings_(settings), inner_(std::move(inner)) {}

  std::size_t desired(const PoolLoad& load) noexcept {
    if (load.connections < connections_) shrank_ = load.now;
    connections_ = load.connections;
    if (!shrank_ || load.now - *shrank_ >= settle) per_tab_.update(load.now, load.memory_bytes, load.connections);

    const std::size_t wish = inner_.desired(load);
    const double most = static_cast<double>(settings_.bytes) / per_tab_.value();
    const bool limited = settings_.bytes > 0 && per_tab_.value() > 0 && most < static_cast<double>(wish);
    return limited ? std::max<std::size_t>(static_cast<std::size_t>(most), 1) : wish;
  }

  void observe(const Outcome& outcome) noexcept requires Observer<Inner> { inner_.observe(outcome); }

 private:
  static constexpr std::chrono::seconds settle{10};

  Settings settings_{};
  Inner inner_{};
  detail::PerTab per_tab_;
  std::size_t connections_ = 0;
  std::optional<TimePoint> shrank_;
};

static_assert(ScalingPolicy<MemoryLimited<>>);

}  // namespace webpool::scaling
