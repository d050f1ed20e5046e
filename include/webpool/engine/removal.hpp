#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <webpool/engine/fleet.hpp>
#include <webpool/engine/lost_loads.hpp>
#include <webpool/engine/requests.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/turn.hpp>

namespace webpool::engine {

/// What becomes of the browser whose tab is forgotten.
enum class AfterTab : std::uint8_t {
  browser_ends,
  page_rejoins,  ///< another page of the same launch is to join
};

/// Takes workers and tabs away, with all that was in them: runs fail or are tried again elsewhere, what waited for them
/// alone ends.
class Removal {
 public:
  Removal(State& state, Fleet& fleet, Requests& requests)
      : lost_loads(state), state_(state), fleet_(fleet), requests_(requests) {}

  /// Ends the worker and its runs. The tab stays.
  void close_worker(WorkerId id, AfterWorker after, const Error& reason, Turn turn) {
    const ConnectionId connection = state_.tables.workers[id].connection;
    end_runs(id, reason, turn);
    const bool trouble = after == AfterWorker::may_load_again || reason.code() == errc::load_failed;
    turn.out.emplace_back(CloseWorker{connection, id, trouble ? std::optional(reason) : std::nullopt});
    state_.tables.erase_worker(id, after);
    mark(connection);
  }

  /// The tab is gone, or as good as gone: ends all that was in it.
  void forget(ConnectionId id, AfterTab after, const Error& reason, Turn turn) {
    ConnectionRow& row = state_.tables.connections[id];
    const std::string browser = described(state_.tables.state(id).browser);
    while (!row.workers.empty()) {
      const WorkerId worker = row.workers.back();
      const ModelRow& model = state_.tables.model_of(state_.tables.workers[worker]);
      end_runs(worker,
               Error(errc::connection_lost,
                     quoted(model) + " was running in " + browser + ", which went away: " + reason.message()),
               turn);
      state_.tables.erase_worker(worker, AfterWorker::closed);
    }
    if (row.launch) let_go(row, browser, after, reason, turn);
    state_.tables.erase_connection(id);
    state_.marks.mark_all();
  }

  void close_tab(ConnectionId id, const Error& reason, Turn turn) {
    turn.out.emplace_back(CloseConnection{id, reason.message()});
    forget(id, AfterTab::browser_ends, reason, turn);
  }

  /// Gives the tab nothing new; it is closed when it is idle.
  void drain(ConnectionId id, Turn turn) {
    const std::vector<WorkerId> workers = state_.tables.connections[id].workers;
    const Error draining(errc::connection_lost, "the tab is being closed");
    for (WorkerId each : workers) {
      const WorkerRow& worker = state_.tables.workers[each];
      end_bound(worker, draining, turn);
      if (!worker.ready) close_worker(each, AfterWorker::closed, draining, turn);
    }
    state_.tables.drain(id);
    mark(id);
  }

  LostLoads lost_loads;

 private:
  static constexpr std::chrono::milliseconds rejoin_timeout{10'000};

  void mark(ConnectionId id) { state_.marks.mark(id, state_.tables.connections[id]); }

  void end_runs(WorkerId id, const Error& reason, Turn turn) {
    WorkerRow& worker = state_.tables.workers[id];
    state_.marks.mark(state_.tables.model_of(worker));
    while (!worker.runs.empty()) {
      const RequestId request = worker.runs.front().request;
      state_.tables.end_run(worker, request, turn.now);
      if (state_.tables.requests.find(request)) requests_.fail_run(request, reason, true, turn);
    }
    end_bound(worker, reason, turn);
  }

  /// The worker goes, or takes nothing new: what waits for it alone ends.
  void end_bound(const WorkerRow& worker, const Error& reason, Turn turn) {
    while (!worker.bound.empty())
      requests_.complete(
          worker.bound.front(),
          Error(errc::tensor_lost, "the tab that held a tensor of the request is gone: " + reason.message()), turn);
  }

  /// What becomes of a launched tab's browser.
  void let_go(ConnectionRow& row, const std::string& browser, AfterTab after, const Error& reason, Turn turn) {
    Launches& launches = fleet_.launches;
    if (after == AfterTab::page_rejoins) {
      const auto limit = std::min(state_.options.connection.connect_timeout, rejoin_timeout);
      launches.rejoins(*row.launch, turn.now + limit, row.attempt);
      return;
    }
    if (!row.proven && !row.draining)
      launches.failed(launches[*row.launch].browser, prefixed(browser, reason), turn.now);
    if (row.exited)
      launches.erase(*row.launch);
    else
      fleet_.end_browser(*row.launch, turn);
  }

  State& state_;
  Fleet& fleet_;
  Requests& requests_;
};

}  // namespace webpool::engine
