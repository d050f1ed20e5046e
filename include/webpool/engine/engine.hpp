#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <webpool/engine/actions.hpp>
#include <webpool/engine/decisions.hpp>
#include <webpool/engine/dispatch.hpp>
#include <webpool/engine/figures.hpp>
#include <webpool/engine/fleet.hpp>
#include <webpool/engine/model_spec.hpp>
#include <webpool/engine/rechecks.hpp>
#include <webpool/engine/removal.hpp>
#include <webpool/engine/repair.hpp>
#include <webpool/engine/requests.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/supply.hpp>
#include <webpool/engine/turn.hpp>
#include <webpool/engine/workers.hpp>
#include <webpool/metrics.hpp>
#include <webpool/options.hpp>
#include <webpool/page_hints.hpp>

namespace webpool::engine {

/// The pool's state machine: events in, actions out. It owns every decision and no resource: no socket, clock, thread,
/// process or tensor. Not thread-safe: one driver calls it from one strand. Each event carries its time and appends
/// what is to be done to `Turn::out`; appending is the only allocation on the path of a request.
///
/// An event notes what happened and marks the models and tabs that it concerns; `pump` then serves the marks. Each room
/// decides one thing: `Requests`, `GuestChecks`, `Dispatch`, `Fleet`, `Removal`, `Supply`, `Repair`, `Workers`, in this
/// order from the bottom up.
///
/// Invariants, whatever the order of events: every request submitted completes exactly once; a worker never has more
/// requests than `requests_in_flight`, and a tab gets none while it has `bytes_in_flight`; a connection's memory is the
/// sum over its workers; an action never names a connection, worker or launch that the driver was told to close before.
class Engine {
 public:
  /// `options.browsers` are the kinds that can be launched; empty when none can.
  Engine(PoolOptions options, std::unique_ptr<Decisions> policies) : state_(std::move(options), std::move(policies)) {}

  // --- models and requests

  ModelIndex add_model(ModelSpec spec, Turn turn) {
    if (state_.closed) {
      state_.tables.models.emplace_back();
      const ModelIndex none{static_cast<std::uint32_t>(state_.tables.models.size() - 1)};
      turn.out.emplace_back(
          ModelReady{none, Error(errc::pool_closed, "the pool is closed; model '" + spec.name + "' is not loaded")});
      return none;
    }
    ModelRow& model = state_.tables.add_model(std::move(spec));
    removal_.lost_loads.recall(model, turn.now);
    state_.marks.mark(model);
    const ModelIndex index = model.index;
    pump(turn);
    return index;
  }

  /// Ends its waiting and running requests with `errc::model_released` and closes its workers.
  void remove_model(ModelIndex index, Turn turn) {
    ModelRow* model = state_.tables.model(index);
    if (!model) return;
    const Error released(errc::model_released, quoted(*model) + " was released before the request ended");
    state_.tables.requests.for_each([&](RequestId id, const RequestRow& row) {
      if (row.request.model == index) requests_.complete(id, released, turn);
    });
    std::vector<WorkerId> placed;
    state_.tables.workers.for_each([&](WorkerId id, const WorkerRow& row) {
      if (row.model == index) placed.push_back(id);
    });
    for (WorkerId worker : placed) removal_.close_worker(worker, AfterWorker::closed, released, turn);
    removal_.lost_loads.keep(*model, turn.now);
    state_.marks.forget(*model);
    state_.tables.models[index.value].reset();
    pump(turn);
  }

  /// `request.id` and `request.submitted` are assigned. Refused requests complete with an error through the turn like
  /// all others. If `terms` bind it to a worker, no scheduler and no selector is asked, and a run that failed is not
  /// tried again.
  RequestId submit(const Request& request, Turn turn, Terms terms = {}) {
    const RequestId id = requests_.submit(request, std::move(terms), turn);
    pump(turn);
    return id;
  }

  /// Ends the request with `errc::cancelled`; does nothing when it has ended already.
  void cancel(RequestId request, Turn turn) { requests_.cancel(request, turn); }

  // --- tabs

  /// A tab said hello; empty when the pool is full or closed. A tab that the pool launched is always welcome, once;
  /// where guests are checked, their number leaves room for one.
  std::optional<ConnectionId> joined(BrowserInfo browser, std::optional<LaunchId> launch, Turn turn) {
    Tables& tables = state_.tables;
    if (state_.closed || tables.connections.full()) return std::nullopt;
    if (launch) {
      const Launches::Row* row = fleet_.launches.find(*launch);
      if (!row || row->connection) return std::nullopt;
      browser.browser = row->browser;  // some kinds call themselves by another's name
    } else if (tables.connections.size() + (fleet_.own_tabs_left(0) ? 0 : 1) >= state_.options.max_connections) {
      return std::nullopt;
    }
    browser.launched = launch.has_value();
    const ConnectionId id = tables.add_connection(std::move(browser), launch, turn.now);
    if (launch) {
      tables.connections[id].attempt = std::exchange(fleet_.launches[*launch].attempt, {});
      fleet_.launches.joined(*launch, id);
    }
    ++state_.counters.joins;
    state_.marks.mark_all();
    pump(turn);
    return id;
  }

  /// Its control socket closed, for whatever reason.
  void left(ConnectionId connection, const Error& reason, Turn turn) {
    if (!state_.tables.connections.find(connection)) return;
    ++state_.counters.losses;
    repair_.recover(
        {.tab = connection, .kind = Trouble::page_crashed, .reason = reason, .page = TabTrouble::Page::gone}, turn);
    pump(turn);
  }

  /// It answered a heartbeat, and told by how much its timers were late and what it knows of its device.
  void heard(ConnectionId connection, double timer_lag_ms = 0, const PageHints& hints = {}) {
    ConnectionRow* row = state_.tables.connections.find(connection);
    if (!row) return;
    row->awaits_pong = false;
    row->unanswered_pings = 0;
    row->timer_lag_ms = timer_lag_ms;
    state_.tables.state(connection).hints = hints;
    state_.tables.resume(connection);
    fleet_.prove(connection);
  }

  /// The browser process ended, or could not be started.
  void exited(LaunchId launch, const Error& last_words, Turn turn) {
    const Launches::Row* row = fleet_.launches.find(launch);
    if (!row) return;
    if (const auto connection = row->connection) {
      ++state_.counters.losses;
      turn.out.emplace_back(CloseConnection{*connection, "the browser ended: " + last_words.message(), true});
      state_.tables.connections[*connection].exited = true;
      removal_.lost_loads.tab_died(*connection, last_words, turn.now);
      removal_.forget(*connection, AfterTab::browser_ends, last_words, turn);
    } else {
      fleet_.lost_before_joining(launch, last_words, turn);
      state_.marks.mark_all();
    }
    if (!state_.closed) fleet_.launch_up_to(state_.options.min_connections, turn);
    pump(turn);
  }

  // --- workers: `Workers` says what each of these means

  void load_progressed(WorkerId id, const LoadNews& news, TimePoint now) { workers_.load_progressed(id, news, now); }
  void loaded(WorkerId id, Backend backend, std::size_t memory_bytes, Turn turn) {
    workers_.loaded(id, backend, memory_bytes, turn);
    pump(turn);
  }
  void moved(WorkerId id, Backend backend, std::size_t memory_bytes) { workers_.moved(id, backend, memory_bytes); }
  void load_failed(WorkerId id, const Error& error, Turn turn) {
    workers_.load_failed(id, error, turn);
    pump(turn);
  }
  bool finished(const Reply& reply, Turn turn) {
    const bool awaited = workers_.finished(reply, turn);
    pump(turn);
    return awaited;
  }
  void kept(WorkerId id, std::size_t bytes, std::shared_ptr<const Placing> placing = nullptr) {
    workers_.kept(id, bytes, std::move(placing));
  }
  void dropped(WorkerId id, std::size_t bytes, const std::shared_ptr<const Placing>& placing, Turn turn) {
    workers_.dropped(id, bytes, placing);
    pump(turn);
  }
  void worker_in_doubt(WorkerId id) { workers_.in_doubt(id); }
  bool progressed(WorkerId id, RequestId request, TimePoint now) { return workers_.progressed(id, request, now); }
  void worker_lost(WorkerId id, const Error& reason, Turn turn) {
    workers_.lost(id, reason, turn);
    pump(turn);
  }

  // --- time

  /// Launches what `min_connections` asks for. Call once, first.
  void start(Turn turn) {
    if (!state_.closed) fleet_.launch_up_to(state_.options.min_connections, turn);
  }

  /// Time-outs, deadlines, heartbeats, ages and scaling; call about ten times per second.
  void tick(Turn turn) {
    if (state_.closed) return;
    requests_.tick(turn);
    while (const auto run = dispatch_.pop_overdue(turn.now)) workers_.lost(run->worker, run->reason, turn);
    while (const auto worker = supply_.pop_overdue(turn.now)) workers_.load_overdue(*worker, turn);
    supply_.setbacks.tick(turn.now);
    fleet_.tick(turn);
    repair_.tick(turn);
    supply_.scale(turn);
    supply_.relieve_starving(turn.now);
    state_.marks.mark_all();
    pump(turn);
  }

  /// Ends every request with `errc::pool_closed`, closes every tab and browser; later events change nothing.
  void close(Turn turn) {
    if (state_.closed) return;
    state_.closed = true;
    const Error closing(errc::pool_closed, "the pool was closed before the request ended");
    state_.tables.requests.for_each([&](RequestId id, const RequestRow&) { requests_.complete(id, closing, turn); });
    state_.tables.connections.for_each([&](ConnectionId id, const ConnectionRow&) {
      turn.out.emplace_back(CloseConnection{id, "the pool is closing"});
      removal_.forget(id, AfterTab::browser_ends, closing, turn);
    });
    fleet_.launches.for_each([&](LaunchId id, const Launches::Row&) { fleet_.end_browser(id, turn); });
    for (auto& model : state_.tables.models) {
      if (model && !model->announced)
        turn.out.emplace_back(ModelReady{
            model->index, Error(errc::pool_closed, "the pool was closed before " + quoted(*model) + " was loaded")});
      model.reset();
    }
    state_.marks.clear();
  }

  // --- figures

  Metrics metrics() const {
    Metrics all = metrics_of(state_, fleet_);
    all.evictions = supply_.evictions();
    return all;
  }
  std::vector<ConnectionInfo> connections() const { return connections_of(state_); }
  std::vector<ExecutionStats> execution_stats() const { return execution_stats_of(state_); }
  std::vector<RecoveryStats> recovery_stats() const { return state_.recovery.stats(); }

 private:
  /// Serves what the event has marked, until nothing is marked any more.
  void pump(Turn turn) {
    for (Marks& marks = state_.marks;;) {
      if (ModelRow* const model = marks.take_model()) {
        dispatch_.serve(*model, turn);
        supply_.acquire(*model, turn);
      } else if (!marks.more()) {
        return;
      } else if (const auto tab = marks.take_tab()) {
        repair_.settle(*tab, turn);
      } else if (marks.take_all()) {
        mark_models([](const ModelRow&) { return true; });
      } else if (const auto answered = marks.take_answered()) {
        mark_models_blocked_by(*answered);
      }
    }
  }

  template <class Filter>
  void mark_models(Filter wanted) {
    for (auto model = state_.tables.models.rbegin(); model != state_.tables.models.rend();
         ++model) {  // the first is last
      if (!*model || !wanted(**model)) continue;
      (*model)->obstacle = Obstacle::none;
      state_.marks.mark(**model);
    }
  }

  /// If the tab fell idle, there may be room now for a model that found none.
  void mark_models_blocked_by(ConnectionId tab) {
    if (!state_.tables.connections.find(tab) || state_.tables.state(tab).in_flight > 0) return;
    mark_models([this](const ModelRow& model) {
      return model.obstacle == Obstacle::busy && state_.policies->waiting(model.index) > 0;
    });
  }

  State state_;
  Fleet fleet_{state_};
  Requests requests_{state_};
  Dispatch dispatch_{state_, requests_};
  Removal removal_{state_, fleet_, requests_};
  Supply supply_{state_, fleet_, requests_, removal_};
  Repair repair_{state_, fleet_, removal_, supply_};
  Workers workers_{state_, fleet_, requests_, removal_, supply_, repair_};
};

}  // namespace webpool::engine
