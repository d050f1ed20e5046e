#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <webpool/engine/fleet.hpp>
#include <webpool/engine/guest_checks.hpp>
#include <webpool/engine/rechecks.hpp>
#include <webpool/engine/removal.hpp>
#include <webpool/engine/repair.hpp>
#include <webpool/engine/requests.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/setbacks.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/supply.hpp>
#include <webpool/engine/turn.hpp>

namespace webpool::engine {

/// What workers tell: how loads and runs went, and that they are gone. News of workers that there are no more change
/// nothing.
class Workers {
 public:
  Workers(State& state, Fleet& fleet, Requests& requests, Removal& removal, Supply& supply, Repair& repair)
      : state_(state),
        fleet_(fleet),
        requests_(requests),
        checks_(state, requests),
        removal_(removal),
        supply_(supply),
        repair_(repair) {}

  /// How far the worker's load is. `ConnectionSettings::load_timeout` counts from the last progress.
  void load_progressed(WorkerId id, const LoadNews& news, TimePoint now) {
    if (WorkerRow* worker = state_.tables.workers.find(id)) worker->load.advance(news, now);
  }

  /// The worker holds the model. `memory_bytes`: 0 when unknown.
  void loaded(WorkerId id, Backend backend, std::size_t memory_bytes, Turn turn) {
    WorkerRow* worker = state_.tables.workers.find(id);
    if (!worker || worker->ready) return;
    ModelRow& model = state_.tables.model_of(*worker);
    state_.tables.worker_ready(id, backend, memory_bytes, turn.now);
    Setbacks::loaded(model, worker->connection);
    LostLoads::loaded(model, state_.tables.state(worker->connection).browser.browser);
    model.reasons.clear();
    fleet_.prove(worker->connection);
    ++state_.counters.loads;
    state_.marks.mark(model);
  }

  /// Another backend runs the worker's model from now on; not believed while the worker has tensors, which would be
  /// lost.
  void moved(WorkerId id, Backend backend, std::size_t memory_bytes) {
    const WorkerRow* worker = state_.tables.workers.find(id);
    if (worker && worker->ready && worker->tensors == 0) state_.tables.set_backend(id, backend, memory_bytes);
  }

  void load_failed(WorkerId id, const Error& error, Turn turn) {
    const WorkerRow* worker = state_.tables.workers.find(id);
    if (worker && !worker->ready) set_back(id, Setbacks::Cost::failed, error, turn);
  }

  /// Its load has made no progress for too long: the worker may be stuck, so the next attempt gets another one.
  void load_overdue(WorkerId id, Turn turn) {
    const WorkerRow& worker = state_.tables.workers[id];
    set_back(id, Setbacks::Cost::overdue,
             stalled(state_.tables.model_of(worker), worker.load.at(), state_.options.connection.load_timeout), turn);
  }

  /// A run was answered. False: nobody waits for it any more.
  bool finished(const Reply& reply, Turn turn) {
    Tables& tables = state_.tables;
    WorkerRow* worker = tables.workers.find(reply.worker);
    if (!worker || !tables.end_run(*worker, reply.request, turn.now)) {
      ++state_.counters.late_replies;
      return false;
    }
    const ConnectionId connection = worker->connection;
    state_.marks.mark(tables.model_of(*worker));
    mark(connection);
    const bool awaited = tables.requests.find(reply.request) != nullptr;
    std::optional<ConnectionId> wrong;
    if (!awaited)
      ++state_.counters.late_replies;
    else if (reply.error)
      requests_.fail_run(reply.request, *reply.error, reply.started, turn);
    else
      wrong = checks_.succeed(reply.request, reply.check, turn);
    worker->answered = turn.now;
    if (!reply.error)
      tables.state(connection).consecutive_failures = 0;
    else if (reply.error->code() == errc::run_failed || reply.error->code() == errc::device_lost)
      repair_.count_failure(connection, reply.worker, *reply.error, turn);
    if (wrong) dismiss(*wrong, *reply.check.disagreement, turn);
    return awaited;
  }

  /// A result left a tensor in the worker. `placing` may be null.
  void kept(WorkerId id, std::size_t bytes, std::shared_ptr<const Placing> placing) {
    if (state_.tables.workers.find(id)) state_.tables.keep(id, bytes, std::move(placing));
  }

  /// Nobody wants the tensor any more; of the same size and placing as when it was kept. Others may come into the tab.
  void dropped(WorkerId id, std::size_t bytes, const std::shared_ptr<const Placing>& placing) {
    if (!state_.tables.workers.find(id)) return;
    state_.tables.drop(id, bytes, placing);
    if (placing) state_.marks.mark_all();
  }

  /// News of a run that goes on, such as a token: its time-out counts from now, and the request is not run again, since
  /// its caller has heard of this run. False: nobody waits for it any more.
  bool progressed(WorkerId id, RequestId request, TimePoint now) {
    WorkerRow* worker = state_.tables.workers.find(id);
    if (!worker || !worker->has(request)) return false;
    RunInFlight& run = *worker->find(request);
    run.heard = now;
    RequestRow* row = state_.tables.requests.find(request);
    if (row) {
      row->retry = Retry::never;
      row->steps += std::exchange(run.told, true) ? 1 : 0;
    }
    return row != nullptr;
  }

  /// Its socket closed, and soon it is `lost`, or all its tab has left: until then the tab gets no requests.
  void in_doubt(WorkerId id) {
    if (state_.tables.workers.find(id)) state_.tables.doubt(id);
  }

  /// The worker's socket closed, its thread died, its device was lost, or it did not answer in time.
  void lost(WorkerId id, const Error& reason, Turn turn) {
    const WorkerRow* worker = state_.tables.workers.find(id);
    if (!worker) return;
    const ConnectionId connection = worker->connection;
    const bool ready = worker->ready;
    if (!ready) removal_.lost_loads.worker_died(state_.tables.model_of(*worker), connection, reason, turn.now);
    removal_.close_worker(id, AfterWorker::may_load_again, reason, turn);
    if (ready)
      repair_.recover({.tab = connection, .kind = trouble_of(reason), .reason = reason}, turn);
    else
      repair_.count_failure(connection, std::nullopt, reason, turn);
  }

 private:
  void set_back(WorkerId id, Setbacks::Cost cost, const Error& error, Turn turn) {
    const WorkerRow& worker = state_.tables.workers[id];
    ModelRow& model = state_.tables.model_of(worker);
    supply_.setbacks.note(model, worker.connection, cost, error, turn.now);
    model.add_reason(prefixed(described(state_.tables.state(worker.connection).browser), error));
    removal_.close_worker(id, AfterWorker::closed, error, turn);
  }

  /// An answer came from there: what that changes beyond its model.
  void mark(ConnectionId id) {
    ConnectionRow& row = state_.tables.connections[id];
    if (row.draining || row.yields_to || row.relieved) state_.marks.mark(id, row);
    if (state_.tables.state(id).in_flight == 0) state_.marks.mark_answered(id);
  }

  /// A guest was wrong, and has to go.
  void dismiss(ConnectionId guest, const Error& reason, Turn turn) {
    checks_.discard_results_of(guest);
    if (state_.tables.connections.find(guest)) removal_.close_tab(guest, reason, turn);
  }

  State& state_;
  Fleet& fleet_;
  Requests& requests_;
  GuestChecks checks_;
  Removal& removal_;
  Supply& supply_;
  Repair& repair_;
};

}  // namespace webpool::engine
