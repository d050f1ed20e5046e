#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <webpool/clock.hpp>

namespace webpool {

/// What the pool has and what it is asked to do, at one moment.
struct PoolLoad {
  TimePoint now{};
  std::size_t min_connections = 0, max_connections = 0;  ///< the options' bounds
  std::size_t connections = 0;                           ///< tabs that have joined, launched or attached
  std::size_t starting = 0;                              ///< browsers launched that have not joined yet
  std::size_t in_flight = 0;                             ///< requests sent and not yet answered
  std::size_t capacity = 0;                              ///< requests that the loaded models could have in flight
  std::size_t queued = 0;                                ///< waiting requests
  std::uint64_t submitted = 0;                           ///< requests since the pool began
  std::size_t memory_bytes = 0;                          ///< of all loaded models
};

/// Says how many tabs the pool should have.
///
/// | expression     | result   | contract                                                                     |
/// |----------------|----------|------------------------------------------------------------------------------|
/// | `s.desired(l)` | `size_t` | tabs wanted, joined and starting together; the pool clamps it to its bounds, |
/// |                |          | launches what is missing and drains what is too much; called on the pool's   |
/// |                |          | strand a few times per second; must not block                                |
///
/// `l` is a `const PoolLoad&`. Null object: `scaling::Fixed`. Put `static_assert(webpool::ScalingPolicy<Mine>);` beside
/// your own.
template <class S>
concept ScalingPolicy = std::movable<S> && requires(S s, const PoolLoad& l) {
  { s.desired(l) }
  noexcept->std::same_as<std::size_t>;
};

}  // namespace webpool
