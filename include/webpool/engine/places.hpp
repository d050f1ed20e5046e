#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <webpool/engine/rows.hpp>

namespace webpool::engine {

/// The part of `Tables` that says who has room: lanes open and close, tabs fill up, neighbours come and go.
struct Places : Rows {
  using Rows::Rows;

  /// The worker's tab gets no requests until that worker is gone, or all of the tab.
  void doubt(WorkerId id) {
    WorkerRow& worker = workers[id];
    ConnectionRow& row = connections[worker.connection];
    if (std::exchange(worker.in_doubt, true)) return;
    if (row.has_room()) block_lanes(worker.connection, row);
    ++row.doubted;
  }

 protected:
  void enter(ConnectionId id, const Placing& placing) {
    neighbours.enter(index_of(id), state(id).browser.browser, placing);
  }
  void leave(ConnectionId id, const Placing& placing) {
    neighbours.leave(index_of(id), state(id).browser.browser, placing);
  }

  void leave_with_run(WorkerRow& worker, RequestId request) {
    const auto run = std::ranges::find(worker.run_placings, request, [](const auto& each) { return each.first; });
    if (run == worker.run_placings.end()) return;
    leave(worker.connection, *run->second);
    worker.run_placings.erase(run);
  }

  void grow(WorkerRow& worker, std::size_t bytes) {
    worker.bytes += bytes;
    state(worker.connection).memory_bytes += bytes;
    memory += bytes;
  }

  /// A request was sent into the tab. Like credit that is used up: the one that passes the limit still goes.
  void charge(ConnectionId id, ConnectionRow& row, std::size_t bytes) {
    row.bytes_in_flight += bytes;
    if (row.full || row.bytes_in_flight < byte_limit) return;
    if (row.has_room()) block_lanes(id, row);
    row.full = true;
  }

  /// A run in the tab has ended, and is not among its worker's runs any more.
  void release(ConnectionId id, ConnectionRow& row, std::size_t bytes) {
    row.bytes_in_flight -= bytes;
    if (!row.full || row.bytes_in_flight >= byte_limit) return;
    row.full = false;
    relieve(id, row);
  }

  /// A worker in doubt is gone.
  void settle_doubt(ConnectionId id, ConnectionRow& row) {
    --row.doubted;
    relieve(id, row);
  }

  void block_lanes(ConnectionId id, const ConnectionRow& row) {
    for (WorkerId worker : row.workers)
      if (ModelRow& model = model_of(workers[worker]); model.lane.contains(index_of(id)))
        model.lane.block(index_of(id));
  }

  /// The tab may have room again.
  void relieve(ConnectionId id, ConnectionRow& row) {
    if (!row.has_room()) return;
    row.relieved = true;
    for (WorkerId each : row.workers) {
      const WorkerRow& worker = workers[each];
      if (ModelRow& model = model_of(worker); model.lane.contains(index_of(id)))
        model.lane.unblock(index_of(id), worker.runs.size());
    }
  }

  void open_lane(WorkerId id) {
    const WorkerRow& worker = workers[id];
    const ConnectionRow& row = connections[worker.connection];
    if (row.draining || row.yields_to || row.suspended) return;
    const ConnectionIndex tab = index_of(worker.connection);
    ModelRow& model = model_of(worker);
    model.lane.insert(tab, id);
    for (std::size_t i = 0; i < worker.runs.size(); ++i) model.lane.sent(tab);
    if (!row.has_room()) model.lane.block(tab);
    if (row.launch) model.own.insert(tab);
    ++places;
  }

  void close_lane(const WorkerRow& worker) {
    ModelRow& model = model_of(worker);
    if (!model.lane.contains(index_of(worker.connection))) return;
    model.lane.erase(index_of(worker.connection));
    model.own.erase(index_of(worker.connection));
    --places;
  }
};

}  // namespace webpool::engine
