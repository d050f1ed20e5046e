#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/policies/selector/draw.hpp>

namespace webpool::selector {

/// Draws two tabs at random, from the idle ones if there are any, and takes the one with fewer requests in flight over
/// all models. With n tabs the longest queue is then about log2 log n, instead of log n / log log n for one draw
/// (M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001), at a cost that
/// does not depend on n.
///
/// The default, good if tabs are alike. If browsers or devices differ much in speed, use `Learned`.
class PowerOfTwo {
 public:
  PowerOfTwo() = default;
  constexpr explicit PowerOfTwo(std::uint64_t seed) noexcept : draw_(seed) {}

  constexpr std::optional<ConnectionIndex> select(const PoolView& pool, const Request&) noexcept {
    const std::span<const ConnectionIndex> tabs = pool.idle().empty() ? pool.candidates() : pool.idle();
    if (tabs.size() == 1) return tabs.front();
    const std::size_t first = draw_.below(tabs.size());
    const std::size_t second = (first + 1 + draw_.below(tabs.size() - 1)) % tabs.size();
    return pool[tabs[second]].in_flight < pool[tabs[first]].in_flight ? tabs[second] : tabs[first];
  }

 private:
  Draw draw_;
};

static_assert(BrowserSelector<PowerOfTwo>);

}  // namespace webpool::selector
