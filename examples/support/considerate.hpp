#pragma once

#include <algorithm>
#include <optional>
#include <webpool/core.hpp>

/// Spares the devices of other people. A tab that runs on battery, is already under pressure, or is hidden and
/// therefore slowed down, gets a request only if no other tab that holds the model has room for it.
struct Considerate {
  static unsigned burden(const webpool::PageHints& hints) noexcept {
    const bool on_battery = !hints.charging.value_or(true);  // not reported: assume mains
    const bool hot = hints.pressure >= webpool::Pressure::serious;
    return unsigned{on_battery} + unsigned{hot} + unsigned{!hints.visible};
  }

  std::optional<webpool::ConnectionIndex> select(const webpool::PoolView& pool, const webpool::Request&) noexcept {
    return std::ranges::min(pool.candidates(), {}, [&](auto tab) { return burden(pool[tab].hints); });
  }
};
static_assert(webpool::BrowserSelector<Considerate>);
