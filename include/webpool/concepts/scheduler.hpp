#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <webpool/request.hpp>

namespace webpool {

/// Keeps the requests that wait and says which comes next. Each model has a lane of its own; a lane is served when a
/// tab that holds the model has room.
///
/// | expression     | result                | contract |
/// |----------------|-----------------------|---------------------------------------------------------------------------|
/// | `s.push(r)`    | `void`                | `r` waits in the lane `r.model` from now on | | `s.front(m)`   |
/// `optional<RequestId>` | the next request of lane `m`, left in place; empty when none waits        | | `s.erase(r)`
/// | `void`                | `r`, which waits, does so no longer: sent, cancelled, or out of time      | |
/// `s.waiting(m)` | `size_t`              | requests that wait in lane `m`                                            |
///
/// `r` is a `const Request&`, `m` a `ModelIndex`. All are called on the pool's strand, must not block, and should cost
/// at most O(log n) in the requests that wait. Null object: `scheduling::Fifo`. Put
/// `static_assert(webpool::Scheduler<Mine>);` beside your own.
template <class S>
concept Scheduler = std::movable<S> && requires(S s, const S& c, const Request& r, ModelIndex m) {
  { s.push(r) }
  noexcept->std::same_as<void>;
  { s.front(m) }
  noexcept->std::same_as<std::optional<RequestId>>;
  { s.erase(r) }
  noexcept->std::same_as<void>;
  { c.waiting(m) }
  noexcept->std::same_as<std::size_t>;
};

}  // namespace webpool
