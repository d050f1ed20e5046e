#pragma once

#include <optional>
#include <webpool/concepts/browser_selector.hpp>

namespace webpool::selector {

/// The null object: the first candidate. The engine puts candidates with fewer of the model's requests in flight first,
/// so the work spreads, but ties always go to the same tab. Use it in tests and with one tab. Otherwise use
/// `PowerOfTwo`, which costs as little and also sees the other models' work.
class FirstFit {
 public:
  constexpr std::optional<ConnectionIndex> select(const PoolView& pool, const Request&) noexcept {
    return pool.candidates().front();
  }
};

static_assert(BrowserSelector<FirstFit>);

}  // namespace webpool::selector
