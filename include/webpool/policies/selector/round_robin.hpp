#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <webpool/concepts/browser_selector.hpp>

namespace webpool::selector {

/// The candidates in turn, idle ones if there are any. The engine reorders them as they fill and empty, so the turn is
/// exact if all are idle or all are busy, and statistical in between.
///
/// Use it if each tab should get its share whatever it takes, as in a soak test of several browsers. Elsewhere use
/// `PowerOfTwo`, which costs as little and follows the load.
class RoundRobin {
 public:
  constexpr std::optional<ConnectionIndex> select(const PoolView& pool, const Request&) noexcept {
    const std::span<const ConnectionIndex> tabs = pool.idle().empty() ? pool.candidates() : pool.idle();
    return tabs[turn_++ % tabs.size()];
  }

 private:
  std::size_t turn_ = 0;
};

static_assert(BrowserSelector<RoundRobin>);

}  // namespace webpool::selector
