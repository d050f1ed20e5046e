#pragma once

#include <concepts>
#include <optional>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/request.hpp>

namespace webpool {

/// A part of a `selector::Chain` that rules tabs out.
///
/// | expression          | result | contract                                                                         |
/// |---------------------|--------|----------------------------------------------------------------------------------|
/// | `f.accepts(p, c, r)`| `bool` | whether candidate `c` of `p` may take `r`; called on the pool's strand for up to |
/// |                     |        | 16 candidates per decision; must not block                                       |
///
/// `p` is a `const PoolView&`, `c` a `ConnectionIndex`, `r` a `const Request&`.
template <class F>
concept CandidateFilter = std::movable<F> && requires(F f, const PoolView& p, ConnectionIndex c, const Request& r) {
  { f.accepts(p, c, r) }
  noexcept->std::same_as<bool>;
};

/// A part of a `selector::Chain` that may decide before the selector does.
///
/// | expression        | result                      | contract                                                       |
/// |-------------------|-----------------------------|----------------------------------------------------------------|
/// | `s.propose(p, r)` | `optional<ConnectionIndex>` | one of `p.candidates()`, or empty to leave it to the next one; |
/// |                   |                             | called on the pool's strand; must not block                    |
template <class S>
concept Proposer = std::movable<S> && requires(S s, const PoolView& p, const Request& r) {
  { s.propose(p, r) }
  noexcept->std::same_as<std::optional<ConnectionIndex>>;
};

/// Optional for a part of a `selector::Chain`: it is told what the chain decided.
///
/// | expression        | result | contract                                                                           |
/// |-------------------|--------|------------------------------------------------------------------------------------|
/// | `p.chosen(c, r)`  | `void` | `r` goes to `c` now; called on the pool's strand; must not block                   |
template <class P>
concept ChoiceListener = requires(P p, ConnectionIndex c, const Request& r) {
  { p.chosen(c, r) }
  noexcept->std::same_as<void>;
};

template <class P>
concept SelectorPart = CandidateFilter<P> || Proposer<P>;

}  // namespace webpool
