#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/engine/places.hpp>
#include <webpool/engine/records.hpp>
#include <webpool/engine/slot_map.hpp>

namespace webpool::engine {

/// The engine's rows, and what changes them: whatever touches two tables or a sum goes through these members, which
/// decide nothing. So each sum has one home.
struct Tables : Places {
  using Places::Places;

  ModelRow& add_model(ModelSpec spec) {
    std::size_t slot = 0;
    while (slot < models.size() && models[slot]) ++slot;
    if (slot == models.size()) models.emplace_back();
    models[slot] = std::make_unique<ModelRow>(std::move(spec), ModelIndex{static_cast<std::uint32_t>(slot)}, limit);
    ModelRow& fresh = *models[slot];
    connections.for_each([&](ConnectionId id, const ConnectionRow& row) {
      if (!row.draining && fresh.fits(state(id).browser)) fresh.placeable.insert(index_of(id));
    });
    return fresh;
  }

  ConnectionId add_connection(BrowserInfo browser, std::optional<LaunchId> launch, TimePoint now) {
    const ConnectionId id = connections.insert({.launch = launch, .last_used = now});
    if (connections.slots() > states.size()) states.resize(connections.slots());
    state(id) = {.browser = std::move(browser), .joined = now};
    state(id).hints.visible = state(id).browser.visible;
    state(id).trust = state(id).browser.launched ? Trust::own : Trust::guest;
    for (const auto& each : models)
      if (each && each->fits(state(id).browser)) each->placeable.insert(index_of(id));
    return id;
  }

  WorkerId open_worker(ModelRow& model, ConnectionId connection, TimePoint now) {
    const WorkerId id = workers.insert(
        {.connection = connection, .model = model.index, .bytes = model.bytes, .last_used = now, .opened = now});
    workers[id].runs.reserve(limit);
    connections[connection].workers.push_back(id);
    connections[connection].last_used = now;
    ++state(connection).models;
    state(connection).memory_bytes += model.bytes;
    memory += model.bytes;
    model.placeable.erase(index_of(connection));
    enter(connection, model.spec.placing);
    ++model.loading;
    model.evicted = false;
    return id;
  }

  /// `bytes`: of memory as the page reports them, 0 when it doesn't know.
  void worker_ready(WorkerId id, Backend backend, std::size_t bytes, TimePoint now) {
    WorkerRow& worker = workers[id];
    ModelRow& model = model_of(worker);
    worker.ready = true;
    worker.last_used = worker.loaded = now;
    model.load_time = now - worker.opened;
    set_backend(id, backend, bytes);
    --model.loading;
    open_lane(id);
  }

  /// What runs the worker's model; `bytes` as for `worker_ready`.
  void set_backend(WorkerId id, Backend backend, std::size_t bytes) {
    WorkerRow& worker = workers[id];
    ModelRow& model = model_of(worker);
    ConnectionState& tab = state(worker.connection);
    if (bytes > 0) {
      tab.memory_bytes += bytes - worker.bytes;
      memory += bytes - worker.bytes;
      worker.bytes = model.bytes = bytes;
    }
    model.lane.set_backend(index_of(worker.connection), backend);
    worker.experience = &model.experience(tab.browser.browser, backend);
  }

  /// Takes away a worker that has neither runs nor requests bound to it.
  void erase_worker(WorkerId id, AfterWorker after) {
    const WorkerRow& worker = workers[id];
    ModelRow& model = model_of(worker);
    ConnectionRow& connection = connections[worker.connection];
    ConnectionState& tab = state(worker.connection);
    if (worker.ready) {
      close_lane(worker);
    } else {
      --model.loading;
    }
    leave(worker.connection, model.spec.placing);
    for (const auto& each : worker.placings) leave(worker.connection, *each);
    --tab.models;
    tab.memory_bytes -= worker.bytes;
    memory -= worker.bytes;
    if (after == AfterWorker::may_load_again && !connection.draining) {
      model.placeable.insert(index_of(worker.connection));
      model.obstacle = Obstacle::none;
    }
    std::erase(connection.workers, id);
    if (worker.in_doubt) settle_doubt(worker.connection, connection);
    workers.erase(id);
  }

  void start_run(RequestRow& row, RequestId request, WorkerId id, TimePoint now) {
    WorkerRow& worker = workers[id];
    ConnectionRow& connection = connections[worker.connection];
    ModelRow& model = model_of(worker);
    row.phase = RequestRow::Phase::sent;
    row.worker = id;
    row.sent = now;
    ++row.runs;
    worker.runs.push_back({request, row.request.payload_bytes, now});
    if (const Placing* const placing = row.placing()) {
      enter(worker.connection, *placing);
      worker.run_placings.emplace_back(request, row.extras->placing);
    }
    ++worker.uses;
    worker.last_used = connection.last_used = now;
    model.lane.sent(index_of(worker.connection));
    ++state(worker.connection).in_flight;
    ++model.in_flight;
    ++in_flight;
    ++running;
    charge(worker.connection, connection, row.request.payload_bytes);
  }

  /// The worker has room again; false when it has no such run.
  bool end_run(WorkerRow& worker, RequestId request, TimePoint now) {
    const auto found = worker.find(request);
    if (found == worker.runs.end()) return false;
    const std::size_t bytes = found->bytes;
    worker.runs.erase(found);
    if (!worker.run_placings.empty()) leave_with_run(worker, request);
    ConnectionRow& connection = connections[worker.connection];
    ModelRow& model = model_of(worker);
    worker.last_used = connection.last_used = now;
    if (connection.has_room() && model.lane.contains(index_of(worker.connection)))
      model.lane.answered(index_of(worker.connection));
    release(worker.connection, connection, bytes);
    --state(worker.connection).in_flight;
    --model.in_flight;
    --in_flight;
    return true;
  }

  /// The tab may be asked once more for a model that it failed to load.
  void allow(ModelRow& model, ConnectionId id) {
    model.failed_on.erase(index_of(id));
    if (connections[id].draining) return;
    model.placeable.insert(index_of(id));
    model.obstacle = Obstacle::none;
  }

  /// A run failed, and the request is to be tried again.
  void pause(RequestRow& row, ConnectionId failed_in, TimePoint now) {
    row.phase = RequestRow::Phase::pauses;
    row.worker = {};
    row.with_extras().failed_in = failed_in;
    row.extras->failed = now;
    --running;
  }

  /// A run gave a result that an own tab is to compute again.
  void hold(RequestRow& row, const HeldResult& result) {
    row.phase = RequestRow::Phase::held;
    row.with_extras().result = result;
    row.worker = {};
    --running;
    models[row.request.model.value]->held.push_back(row.request.id);
  }

  /// The request waits for the worker that has its tensors, which must be there.
  void bind(RequestRow& row, WorkerId id) {
    WorkerRow& worker = workers[id];
    row.phase = RequestRow::Phase::bound;
    row.bound_to = id;
    if (worker.bound.empty()) model_of(worker).awaited.push_back(id);
    worker.bound.push_back(row.request.id);
  }

  /// The request does not wait for its worker any more.
  void unbind(const RequestRow& row) {
    WorkerRow& worker = workers[row.bound_to];
    std::erase(worker.bound, row.request.id);
    if (worker.bound.empty()) std::erase(model_of(worker).awaited, row.bound_to);
  }

  /// One more tensor stays in the worker, with this placing if it has one.
  void keep(WorkerId id, std::size_t bytes, std::shared_ptr<const Placing> placing) {
    WorkerRow& worker = workers[id];
    ++worker.tensors;
    grow(worker, bytes);
    if (!placing) return;
    enter(worker.connection, *placing);
    worker.placings.push_back(std::move(placing));
  }

  /// One less.
  void drop(WorkerId id, std::size_t bytes, const std::shared_ptr<const Placing>& placing) {
    WorkerRow& worker = workers[id];
    --worker.tensors;
    grow(worker, std::size_t{0} - bytes);
    const auto kept = std::ranges::find(worker.placings, placing);
    if (kept == worker.placings.end()) return;
    leave(worker.connection, *placing);
    worker.placings.erase(kept);
  }

  /// The row goes; the request must not wait in a scheduler any more.
  void erase_request(RequestId id) {
    const RequestRow& row = requests[id];
    if (row.phase == RequestRow::Phase::bound) unbind(row);
    if (row.phase == RequestRow::Phase::sent) --running;
    if (row.phase == RequestRow::Phase::held) std::erase(models[row.request.model.value]->held, id);
    requests.erase(id);
  }

  /// The tab gets nothing new: no request, no model.
  void drain(ConnectionId id) {
    ConnectionRow& row = connections[id];
    row.draining = true;
    ++draining;
    for (WorkerId worker : row.workers) close_lane(workers[worker]);
    for (const auto& each : models)
      if (each) each->placeable.erase(index_of(id));
  }

  /// The tab gets no requests until `reopen`; loads go on.
  void yield(ConnectionId id, ModelIndex to) {
    ConnectionRow& row = connections[id];
    row.yields_to = to;
    for (WorkerId worker : row.workers) close_lane(workers[worker]);
  }

  /// Ends `yield`, when nothing is in flight in the tab any more.
  void reopen(ConnectionId id) {
    ConnectionRow& row = connections[id];
    row.yields_to.reset();
    for (WorkerId worker : row.workers)
      if (workers[worker].ready) open_lane(worker);
  }

  /// The tab gets no requests while it doesn't answer heartbeats.
  void suspend(ConnectionId id) {
    ConnectionRow& row = connections[id];
    if (std::exchange(row.suspended, true)) return;
    ++suspended;
    for (WorkerId worker : row.workers) close_lane(workers[worker]);
  }

  /// Ends `suspend`.
  void resume(ConnectionId id) {
    ConnectionRow& row = connections[id];
    if (!std::exchange(row.suspended, false)) return;
    --suspended;
    for (WorkerId worker : row.workers)
      if (workers[worker].ready) open_lane(worker);
  }

  /// Takes a tab without workers away.
  void erase_connection(ConnectionId id) {
    for (const auto& each : models) {
      if (!each) continue;
      each->placeable.erase(index_of(id));
      each->failed_on.erase(index_of(id));
      each->held_by.erase(index_of(id));
    }
    if (connections[id].draining) --draining;
    if (connections[id].suspended) --suspended;
    state(id) = {};
    connections.erase(id);
  }
};

}  // namespace webpool::engine
