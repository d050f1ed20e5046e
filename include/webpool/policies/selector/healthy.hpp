#pragma once

#include <webpool/concepts/selector_parts.hpp>

namespace webpool::selector {

/// Rules out tabs if their health, or that of the request's model there, is below `minimum`: see `reliability::health`.
/// Failures are forgiven over time, so a tab that is ruled out for them gets another chance after half a minute or so.
/// If that is too simple, use `Breaker`.
///
/// Put it in front of a selector that looks at speed alone: a tab that fails everything at once is the fastest of all.
class Healthy {
 public:
  struct Settings {
    double minimum = 50;  ///< of 100
  };

  Healthy() = default;
  constexpr explicit Healthy(Settings settings) noexcept : settings_(settings) {}

  constexpr bool accepts(const PoolView& pool, ConnectionIndex tab, const Request&) const noexcept {
    return pool.health(tab) >= settings_.minimum;
  }

 private:
  Settings settings_{};
};

static_assert(CandidateFilter<Healthy>);

}  // namespace webpool::selector
