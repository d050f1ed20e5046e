#pragma once

#include <algorithm>
#include <optional>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/policies/selector/sample.hpp>

namespace webpool::selector {

/// The tab with the fewest requests in flight over all models, and among equals the one with the fewest models. It
/// compares all candidates if there are at most 16, otherwise 16 neighbours drawn at random.
///
/// Use it if few tabs hold several models each. With many tabs, `PowerOfTwo` is as good.
class LeastLoaded {
 public:
  constexpr std::optional<ConnectionIndex> select(const PoolView &pool, const Request &) noexcept {
    const Sample sample(pool, draw_);
    return std::ranges::min(sample.tabs(), [&](ConnectionIndex a, ConnectionIndex b) {
      const ConnectionState &left = pool[a], &right = pool[b];
      return left.in_flight != right.in_flight ? left.in_flight < right.in_flight : left.models < right.models;
    });
  }

 private:
  Draw draw_;
};

static_assert(BrowserSelector<LeastLoaded>);

}  // namespace webpool::selector
