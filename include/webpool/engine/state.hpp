#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <webpool/engine/decisions.hpp>
#include <webpool/engine/marks.hpp>
#include <webpool/engine/recovery.hpp>
#include <webpool/engine/tables.hpp>
#include <webpool/metrics.hpp>
#include <webpool/options.hpp>

namespace webpool::engine {

/// What all rooms of the engine share. Each room changes it as its own docstring says.
struct State {
  State(PoolOptions asked, std::unique_ptr<Decisions> decisions)
      : options(effective(std::move(asked))),
        policies(std::move(decisions)),
        tables(options.connection.requests_in_flight, options.connection.bytes_in_flight) {}
  State(const State&) = delete;  // rooms refer to it
  State& operator=(const State&) = delete;

  const PoolOptions options;
  const std::unique_ptr<Decisions> policies;
  Tables tables;
  Marks marks;
  Recovery recovery;
  Metrics counters;  ///< only the counters; the rest is read off the tables
  bool closed = false;

  bool checks_guests() const noexcept { return options.guests.recheck_share > 0; }

 private:
  static PoolOptions effective(PoolOptions options) {
    if (options.memory.low_memory_mode) {
      options.memory.models_per_connection = 1;
      options.connection.requests_in_flight = 1;
    }
    options.connection.requests_in_flight = std::max(options.connection.requests_in_flight, 1u);
    return options;
  }
};

}  // namespace webpool::engine
