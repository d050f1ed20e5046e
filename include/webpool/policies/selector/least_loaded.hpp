#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <webpool/concepts/browser_selector.hpp>

namespace webpool::selector {

/// Two tabs drawn at random, the one with fewer requests in flight over all models wins; drawn from the idle ones if
/// there are any. With n tabs the longest queue is then about log2 log n instead of log n / log log n for one draw
/// (M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001), at a cost that
/// does not depend on n. The draws are a xorshift sequence (G. Marsaglia, J. Stat. Software 8(14), 2003) from a fixed
/// seed: the same events make the same choices.
///
/// A good default where tabs are alike. Where browsers or devices differ much in speed, measure and route by that
/// instead.
class LeastLoaded {
 public:
  LeastLoaded() = default;
  constexpr explicit LeastLoaded(std::uint64_t seed) noexcept : state_(seed | 1) {}

  constexpr std::optional<ConnectionIndex> select(PoolView pool, const Request&) noexcept {
    const std::span<const ConnectionIndex> tabs = pool.idle().empty() ? pool.candidates() : pool.idle();
    if (tabs.size() == 1) return tabs.front();
    const std::size_t first = draw(tabs.size());
    const std::size_t second = (first + 1 + draw(tabs.size() - 1)) % tabs.size();
    return pool[tabs[second]].in_flight < pool[tabs[first]].in_flight ? tabs[second] : tabs[first];
  }

 private:
  /// Uniform below `bound`, up to a bias of bound / 2^32.
  constexpr std::size_t draw(std::size_t bound) noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::size_t>(((state_ >> 32) * bound) >> 32);
  }

  std::uint64_t state_ = 0x9e3779b97f4a7c15;  // anything but 0
};

static_assert(BrowserSelector<LeastLoaded>);

}  // namespace webpool::selector
