#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <webpool/request.hpp>

namespace webpool {

/// Keeps the waiting requests and says which comes next. Each model has a lane of its own, which is served when a tab
/// that holds the model has room.
///
/// | expression     | result                | contract                                                              |
/// |----------------|-----------------------|-----------------------------------------------------------------------|
/// | `s.push(r)`    | `void`                | `r` waits in the lane `r.model` from now on; comes again after        |
/// |                |                       | `erase(r)` if its run failed and is to be retried                     |
/// | `s.front(m)`   | `optional<RequestId>` | the next request of lane `m`, left in place; empty if none waits      |
/// | `s.erase(r)`   | `void`                | `r` stops waiting: it was sent, cancelled, or ran out of time         |
/// | `s.waiting(m)` | `size_t`              | waiting requests in lane `m`                                          |
///
/// `r` is a `const Request&`, `m` a `ModelIndex`. All are called on the pool's strand, must not block, and should cost
/// at most O(log n) in the number of waiting requests. Null object: `scheduling::Fifo`. Put
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

/// The load of a model's lane when a new request is submitted.
struct LaneLoad {
  std::size_t waiting = 0;    ///< requests that wait already, whatever their order
  std::size_t in_flight = 0;  ///< requests sent and not yet answered
  std::size_t places = 0;     ///< tabs that hold the model
};

enum class Admission : std::uint8_t {
  accept,
  queue_full,  ///< ends the request with `errc::queue_full`
  too_late,    ///< ends it with `errc::deadline_unreachable`
};

/// Optional for a scheduler: it refuses requests that it could only fail.
///
/// | expression      | result      | contract                                                                    |
/// |-----------------|-------------|-----------------------------------------------------------------------------|
/// | `s.admit(r, l)` | `Admission` | called before `push(r)`, which follows only after `accept`; must not block  |
///
/// `l` is a `const LaneLoad&`. The time is `r.submitted`.
template <class S>
concept AdmissionControl = requires(S s, const Request& r, const LaneLoad& l) {
  { s.admit(r, l) }
  noexcept->std::same_as<Admission>;
};

/// Optional for a scheduler: it is told when requests end.
///
/// | expression   | result | contract                                                                                |
/// |--------------|--------|-----------------------------------------------------------------------------------------|
/// | `s.ended(r)` | `void` | `r` has its result or error, or its run failed and `push(r)` may follow; called once    |
/// |              |        | after each `erase(r)`, and also for requests that were never pushed; must not block     |
template <class S>
concept EndListener = requires(S s, const Request& r) {
  { s.ended(r) }
  noexcept->std::same_as<void>;
};

}  // namespace webpool
