#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/engine/fleet.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/metrics.hpp>

namespace webpool::engine {

/// What the pool looks like to a scaling policy.
inline PoolLoad pool_load(const State& state, const Fleet& fleet, TimePoint now) {
  const Tables& tables = state.tables;
  return {.now = now,
          .min_connections = state.options.min_connections,
          .max_connections = state.options.max_connections,
          .connections = tables.connections.size() - tables.draining,
          .starting = fleet.launches.starting(),
          .in_flight = tables.in_flight,
          .capacity = tables.places * tables.limit,
          .queued = tables.requests.size() - tables.running,
          .submitted = state.counters.submitted,
          .memory_bytes = tables.memory};
}

inline Metrics metrics_of(const State& state, const Fleet& fleet) {
  const Tables& tables = state.tables;
  Metrics all = state.counters;
  all.connections = tables.connections.size();
  all.starting = fleet.launches.starting();
  all.models =
      static_cast<std::size_t>(std::ranges::count_if(tables.models, [](const auto& each) { return each != nullptr; }));
  all.workers = tables.workers.size();
  all.queued = tables.requests.size() - tables.running;
  all.in_flight = tables.running;
  all.memory_bytes = tables.memory;
  return all;
}

inline std::vector<ExecutionStats> execution_stats_of(const State& state) {
  std::vector<ExecutionStats> all;
  for (const auto& model : state.tables.models) {
    if (!model) continue;
    for (const Experience& each : model->experiences)
      all.push_back({model->spec.name, each.browser, each.backend, each.latency.count(), each.failed,
                     each.latency.quantile_ms(0.50), each.latency.quantile_ms(0.95), each.latency.mean_ms()});
  }
  return all;
}

inline std::vector<ConnectionInfo> connections_of(const State& state) {
  std::vector<ConnectionInfo> all;
  state.tables.connections.for_each([&](ConnectionId id, const ConnectionRow&) {
    const ConnectionState& tab = state.tables.states[Tables::index_of(id).value];
    all.push_back({id, tab.browser, tab.health, tab.in_flight, tab.models, tab.memory_bytes, tab.completed, tab.failed,
                   tab.trust, tab.agreements, tab.hints});
  });
  return all;
}

}  // namespace webpool::engine
