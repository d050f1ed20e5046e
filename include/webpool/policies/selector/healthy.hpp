#pragma once

#include <webpool/concepts/selector_parts.hpp>

namespace webpool::selector {

/// Rules out tabs that failed their latest requests, `tolerated` or more in a row, or more than `failure_share` of at
/// least `sample` requests since they joined. One success clears the first, ordinary work in time the second.
///
/// Put it in front of a selector that looks at speed alone: a tab that fails everything at once is the fastest of all.
class Healthy {
 public:
  struct Settings {
    unsigned tolerated = 3;
    double failure_share = 0.5;
    unsigned sample = 10;
  };

  Healthy() = default;
  constexpr explicit Healthy(Settings settings) noexcept : settings_(settings) {}

  constexpr bool accepts(const PoolView& pool, ConnectionIndex tab, const Request&) const noexcept {
    const ConnectionState& state = pool[tab];
    if (state.consecutive_failures >= settings_.tolerated) return false;
    const double ended = static_cast<double>(state.completed + state.failed);
    return ended < settings_.sample || static_cast<double>(state.failed) <= settings_.failure_share * ended;
  }

 private:
  Settings settings_{};
};

static_assert(CandidateFilter<Healthy>);

}  // namespace webpool::selector
