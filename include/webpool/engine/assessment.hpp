#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <webpool/engine/state.hpp>
#include <webpool/reliability/health.hpp>

namespace webpool::engine {

/// Time heals: `interval` has passed.
inline void forgive(State& state, ConnectionRow& row, std::chrono::milliseconds interval) {
  row.failures.forgive(interval);
  for (WorkerId each : row.workers) state.tables.workers[each].failures.forgive(interval);
}

/// Brings up to date how well the tab does, and each of its models there.
inline void assess(State& state, ConnectionId id) {
  Tables& tables = state.tables;
  ConnectionRow& row = tables.connections[id];
  ConnectionState& tab = tables.state(id);
  reliability::Vitals vitals{.unanswered_pings = row.unanswered_pings, .timer_lag_ms = row.timer_lag_ms};
  if (const std::size_t budget = state.options.memory.bytes_per_connection; budget > 0)
    vitals.memory_share = static_cast<double>(tab.memory_bytes) / static_cast<double>(budget);
  row.slowdown = 1;
  for (WorkerId each : row.workers) {
    const WorkerRow& worker = tables.workers[each];
    if (!worker.ready) continue;
    ModelRow& model = tables.model_of(worker);
    vitals.failures = worker.failures.value();
    vitals.slowdown = worker.drift.slowdown();
    // What slows all tabs down alike is nobody's fault.
    if (model.lane.size() > 1)
      vitals.slowdown = std::min(vitals.slowdown, worker.drift.slowdown_against(worker.experience->drift));
    row.slowdown = std::max(row.slowdown, vitals.slowdown);
    model.lane.set_health(Tables::index_of(id), static_cast<float>(reliability::health(vitals)));
  }
  vitals.failures = row.failures.value();
  vitals.slowdown = row.slowdown;
  tab.health = reliability::health(vitals);
}

}  // namespace webpool::engine
