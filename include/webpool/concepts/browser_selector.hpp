#pragma once

#include <concepts>
#include <optional>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/request.hpp>

namespace webpool {

/// Chooses the tab that runs the next request, or that a model is loaded into before its first one.
///
/// | expression       | result                      | contract                                                       |
/// |------------------|-----------------------------|----------------------------------------------------------------|
/// | `s.select(p, r)` | `optional<ConnectionIndex>` | one of `p.candidates()`, or empty to leave the request queued; |
/// |                  |                             | called on the pool's strand for every request: no lock needed, |
/// |                  |                             | must not block, should not look at every candidate             |
///
/// When an own tab is to compute a guest's result again (`GuestSettings`), own tabs are the candidates, and an empty
/// answer leaves the choice to the pool.
///
/// `p` is a `const PoolView&`, valid during the call; `r` is a `const Request&` (for a load its `id` is 0).
/// Null object: `selector::FirstFit`. Put `static_assert(webpool::BrowserSelector<Mine>);` beside your own.
template <class S>
concept BrowserSelector = std::movable<S> && requires(S s, const PoolView& p, const Request& r) {
  { s.select(p, r) }
  noexcept->std::same_as<std::optional<ConnectionIndex>>;
};

}  // namespace webpool
