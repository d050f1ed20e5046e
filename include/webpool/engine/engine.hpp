#pragma once

// Longer than other headers: it has all events of the state machine, and the decisions in which policies take part. Who
// is there (tables, launches) and what needs no policy (fleet) are beside it, as is where a model goes (placement).

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <webpool/engine/actions.hpp>
#include <webpool/engine/decisions.hpp>
#include <webpool/engine/expiries.hpp>
#include <webpool/engine/fleet.hpp>
#include <webpool/engine/model_spec.hpp>
#include <webpool/engine/placement.hpp>
#include <webpool/engine/rechecks.hpp>
#include <webpool/engine/recycling.hpp>
#include <webpool/engine/retries.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/tables.hpp>
#include <webpool/engine/turn.hpp>
#include <webpool/metrics.hpp>
#include <webpool/options.hpp>
#include <webpool/page_hints.hpp>

namespace webpool::engine {

/// The pool's state machine: events in, actions out. It owns every decision and no resource: no socket, clock, thread,
/// process or tensor. Not thread-safe: one driver calls it from one strand. Each event carries its time and appends
/// what is to be done to `out`; appending is the only allocation on the path of a request.
///
/// Invariants, whatever the order of events: every request submitted completes exactly once; a worker never has more
/// requests than `requests_in_flight`, and a tab gets none while it has `bytes_in_flight`; a connection's memory is the
/// sum over its workers; an action never names a connection, worker or launch that the driver was told to close before.
class Engine : private Fleet {
 public:
  /// `options.browsers` are the kinds that can be launched; empty when none can.
  Engine(PoolOptions options, std::unique_ptr<Decisions> policies)
      : Fleet(std::move(options)),
        policies_(std::move(policies)),
        placement_(*policies_),
        retries_(options_.retries),
        rechecks_(options_.guests) {}

  // --- models and requests

  ModelIndex add_model(ModelSpec spec, Turn turn) {
    if (closed_) {
      tables_.models.emplace_back();
      const ModelIndex none{static_cast<std::uint32_t>(tables_.models.size() - 1)};
      turn.out.emplace_back(
          ModelReady{none, Error(errc::pool_closed, "the pool is closed; model '" + spec.name + "' is not loaded")});
      return none;
    }
    ModelRow& model = tables_.add_model(std::move(spec));
    acquire(model, turn);
    return model.index;
  }

  /// Ends its waiting and running requests with `errc::model_released` and closes its workers.
  void remove_model(ModelIndex index, Turn turn) {
    ModelRow* model = tables_.model(index);
    if (!model) return;
    const Error released(errc::model_released, quoted(*model) + " was released before the request ended");
    tables_.requests.for_each([&](RequestId id, const RequestRow& row) {
      if (row.request.model == index) complete(id, released, turn);
    });
    std::vector<std::pair<WorkerId, ConnectionId>> placed;
    tables_.workers.for_each([&](WorkerId id, const WorkerRow& row) {
      if (row.model == index) placed.emplace_back(id, row.connection);
    });
    for (const auto& [worker, connection] : placed) close_worker(worker, false, released, turn);
    tables_.models[index.value].reset();
    for (const auto& [worker, connection] : placed) settle(connection, turn);
  }

  /// `request.id` and `request.submitted` are assigned. Refused requests complete with an error through `out` like all
  /// others. `pinned`: the worker that has tensors of the request and alone may run it; no scheduler and no selector is
  /// asked then, and a run that failed is not tried again.
  RequestId submit(Request request, Turn turn, Retry retry = Retry::always,
                   std::optional<WorkerId> pinned = std::nullopt) {
    request.submitted = turn.now;
    const RequestId id = tables_.requests.insert({.request = request, .retry = retry});
    RequestRow& row = *tables_.requests.find(id);
    row.request.id = id;
    ++counters_.submitted;
    retries_.earn();
    ModelRow* model = tables_.model(request.model);
    if (!model || closed_ || tables_.requests.full()) {
      complete(id, refusal(model), turn);
      return id;
    }
    row.request.task = model->spec.task;
    if (pinned) {
      const WorkerRow* worker = tables_.workers.find(*pinned);
      if (!worker || worker->model != model->index || tables_.connections.find(worker->connection)->draining) {
        complete(id, Error(errc::tensor_lost, "the tab that held a tensor of the request is gone"), turn);
        return id;
      }
      tables_.pin(row, *pinned);
      return watch(row), serve_pinned(*model, turn), id;
    }
    if (policies_->hooks.admits) {
      const LaneLoad load{policies_->waiting(model->index), model->in_flight, model->lane.size()};
      if (const Admission answer = policies_->admit(row.request, load); answer != Admission::accept) {
        complete(id, not_admitted(*model, row.request, load, answer), turn);
        return id;
      }
    }
    enqueue(row);
    watch(row);
    serve(*model, turn);
    return id;
  }

  /// Ends the request with `errc::cancelled`; does nothing when it has ended already.
  void cancel(RequestId request, Turn turn) {
    const RequestRow* row = tables_.requests.find(request);
    if (!row) return;
    if (row->phase == RequestRow::Phase::sent) turn.out.emplace_back(CancelRun{row->worker, request});
    complete(request, Error(errc::cancelled, "cancelled by the caller"), turn);
  }

  // --- tabs

  /// A tab said hello; empty when the pool is full or closed. A tab that the pool launched is always welcome, once;
  /// where guests are checked, their number leaves room for one.
  std::optional<ConnectionId> joined(BrowserInfo browser, std::optional<LaunchId> launch, Turn turn) {
    if (closed_ || tables_.connections.full()) return std::nullopt;
    if (launch) {
      const Launches::Row* row = launches_.find(*launch);
      if (!row || row->connection) return std::nullopt;
      browser.browser = row->browser;  // some kinds call themselves by another's name
    } else if (tables_.connections.size() + (own_tabs_left(0) ? 0 : 1) >= options_.max_connections) {
      return std::nullopt;
    }
    browser.launched = launch.has_value();
    const ConnectionId id = tables_.add_connection(std::move(browser), launch, turn.now);
    if (launch) {
      tables_.connections.find(id)->attempt = std::exchange(launches_.find(*launch)->attempt, {});
      launches_.joined(*launch, id);
    }
    ++counters_.joins;
    serve_all(turn);
    return id;
  }

  /// Its control socket closed, for whatever reason.
  void left(ConnectionId connection, const Error& reason, Turn turn) {
    if (!tables_.connections.find(connection)) return;
    ++counters_.losses;
    recover(connection, Trouble::page_crashed, std::nullopt, reason, turn, true);
  }

  /// It answered a heartbeat, and told by how much its timers were late and what it knows of its device.
  void heard(ConnectionId connection, TimePoint, double timer_lag_ms = 0, const PageHints& hints = {}) {
    ConnectionRow* row = tables_.connections.find(connection);
    if (!row) return;
    row->awaits_pong = false;
    row->unanswered_pings = 0;
    row->timer_lag_ms = timer_lag_ms;
    tables_.state(connection).hints = hints;
    tables_.resume(connection);
    prove(connection);
  }

  /// The browser process ended, or could not be started.
  void exited(LaunchId launch, const Error& last_words, Turn turn) {
    const Launches::Row* row = launches_.find(launch);
    if (!row) return;
    if (const auto connection = row->connection) {
      ++counters_.losses;
      turn.out.emplace_back(CloseConnection{*connection, "the browser ended: " + last_words.message(), true});
      tables_.connections.find(*connection)->exited = true;
      forget(*connection, last_words, turn);
    } else {
      const auto& attempt = row->attempt;
      if (attempt) {
        recovery_.failed(*attempt);
        restart_ = Attempt{attempt->trouble, Rung::restart_browser, attempt->since};
      }
      // A browser that had a page before was launched well.
      if (!attempt || attempt->rung > Rung::new_tab)
        launches_.failed(row->browser, prefixed(std::string(to_string(row->browser)), last_words), turn.now);
      launches_.erase(launch);
    }
    if (!closed_) launch_up_to(options_.min_connections, turn);
    serve_all(turn);
  }

  // --- workers

  /// The worker gets its model later than others: until `load_sent`, its load can't be late.
  void load_held(WorkerId id) {
    if (WorkerRow* worker = tables_.workers.find(id)) worker->load_due = end_of_time;
  }

  void load_sent(WorkerId id, TimePoint now) {
    if (WorkerRow* worker = tables_.workers.find(id)) worker->load_due = now + options_.connection.load_timeout;
  }

  /// The worker holds the model. `memory_bytes`: 0 when unknown.
  void loaded(WorkerId id, Backend backend, std::size_t memory_bytes, Turn turn) {
    WorkerRow* worker = tables_.workers.find(id);
    if (!worker || worker->ready) return;
    ModelRow& model = tables_.model_of(*worker);
    tables_.worker_ready(id, backend, memory_bytes, turn.now);
    model.lost_loads = 0;
    model.resting_until = {};
    model.reasons.clear();
    prove(worker->connection);
    ++counters_.loads;
    serve(model, turn);
  }

  void load_failed(WorkerId id, const Error& error, Turn turn) {
    const WorkerRow* worker = tables_.workers.find(id);
    if (!worker || worker->ready) return;
    ModelRow& model = tables_.model_of(*worker);
    const ConnectionId connection = worker->connection;
    model.failed_on.insert(Tables::index_of(connection));
    model.add_reason(prefixed(described(tables_.state(connection).browser), error));
    close_worker(id, false, error, turn);
    serve(model, turn);
  }

  /// A run was answered. False: nobody waits for it any more.
  bool finished(const Reply& reply, Turn turn) {
    const auto& [id, request, error, started, check] = reply;
    WorkerRow* worker = tables_.workers.find(id);
    if (!worker || !tables_.end_run(*worker, request, turn.now)) {
      ++counters_.late_replies;
      return false;
    }
    ModelRow& model = tables_.model_of(*worker);
    const ConnectionId connection = worker->connection;
    const bool awaited = tables_.requests.find(request) != nullptr;
    std::optional<ConnectionId> wrong;
    if (!awaited) {
      ++counters_.late_replies;
    } else if (error) {
      fail_run(request, *error, started, turn);
    } else {
      wrong = succeed(request, check, turn);
    }
    worker->answered = turn.now;
    if (!error) {
      tables_.state(connection).consecutive_failures = 0;
    } else if (error->code() == errc::run_failed || error->code() == errc::device_lost) {
      count_failure(connection, id, *error, turn);
    }
    if (wrong) dismiss(*wrong, *check.disagreement, turn);
    settle(connection, turn);
    serve(model, turn);
    if (tables_.state(connection).in_flight == 0) serve_blocked(turn);
    return awaited;
  }

  /// Results left so many more tensors of so many bytes in the worker, or callers let go of them.
  void retained(WorkerId id, std::ptrdiff_t tensors, std::ptrdiff_t bytes) {
    if (tables_.workers.find(id)) tables_.retain(id, tensors, bytes);
  }

  /// News of a run that goes on, such as a token: its time-out counts from now, and the request is not run again, since
  /// its caller has heard of this run. False: nobody waits for it any more.
  bool progressed(WorkerId id, RequestId request, TimePoint now) {
    WorkerRow* worker = tables_.workers.find(id);
    if (!worker || !worker->has(request)) return false;
    RunInFlight& run = *worker->find(request);
    run.heard = now;
    RequestRow* row = tables_.requests.find(request);
    if (row) {
      row->retry = Retry::never;
      row->steps += std::exchange(run.told, true) ? 1 : 0;
    }
    return row != nullptr;
  }

  /// The worker's socket closed, its thread died, or its device was lost.
  void worker_lost(WorkerId id, const Error& reason, Turn turn) {
    const WorkerRow* worker = tables_.workers.find(id);
    if (!worker) return;
    ModelRow& model = tables_.model_of(*worker);
    const ConnectionId connection = worker->connection;
    const bool ready = worker->ready;
    if (!ready) note_lost_load(model, connection, reason, turn.now);
    close_worker(id, true, reason, turn);
    if (ready)
      recover(connection, trouble_of(reason), std::nullopt, reason, turn);
    else
      count_failure(connection, std::nullopt, reason, turn);
    settle(connection, turn);
    serve(model, turn);
  }

  // --- time

  /// Launches what `min_connections` asks for. Call once, first.
  void start(Turn turn) {
    if (!closed_) launch_up_to(options_.min_connections, turn);
  }

  /// Time-outs, deadlines, heartbeats, ages and scaling; call about ten times per second.
  void tick(Turn turn) {
    if (closed_) return;
    expire_requests(turn);
    expire_runs(turn);
    while (const auto request = retries_.pop_due(turn.now))
      if (RequestRow* row = tables_.requests.find(*request); row && row->phase == RequestRow::Phase::pauses)
        enqueue(*row);
    while (const auto worker = load_timeouts_.pop_due(turn.now)) expire_load(*worker, turn);
    expire_launches(turn);
    check_tabs(turn);
    scale(turn);
    relieve_starving(turn);
    serve_all(turn);
  }

  /// Ends every request with `errc::pool_closed`, closes every tab and browser; later events change nothing.
  void close(Turn turn) {
    if (closed_) return;
    closed_ = true;
    const Error closing(errc::pool_closed, "the pool was closed before the request ended");
    tables_.requests.for_each([&](RequestId id, const RequestRow&) { complete(id, closing, turn); });
    tables_.connections.for_each([&](ConnectionId id, const ConnectionRow&) {
      turn.out.emplace_back(CloseConnection{id, "the pool is closing"});
      forget(id, closing, turn);
    });
    launches_.for_each([&](LaunchId id, const Launches::Row&) { end_browser(id, turn.out); });
    for (auto& model : tables_.models) {
      if (model && !model->announced)
        turn.out.emplace_back(ModelReady{
            model->index, Error(errc::pool_closed, "the pool was closed before " + quoted(*model) + " was loaded")});
      model.reset();
    }
  }

  Metrics metrics() const { return sums(placement_.evictions()); }
  using Fleet::connections;
  using Fleet::execution_stats;
  using Fleet::recovery_stats;

 private:
  struct SentRun {
    WorkerId worker;
    RequestId request;
    std::chrono::milliseconds limit;
  };
  struct Renewal {
    ConnectionId worn;
    std::uint64_t joins;  // when the new tab was launched
    TimePoint patience;   // until then
  };

  static constexpr unsigned pings_tolerated = 3;
  static constexpr std::chrono::seconds patience{2};  // of a model that is nowhere
  static constexpr std::chrono::milliseconds rejoin_timeout{10'000};

  // --- requests

  /// Ends a request that waits or runs.
  void complete(RequestId id, std::optional<Error> error, Turn turn) {
    const RequestRow& row = *tables_.requests.find(id);
    const bool over = error && (error->code() == errc::cancelled || error->code() == errc::deadline_exceeded);
    if (row.phase == RequestRow::Phase::sent && !over) record(row.request, run_of(row, turn.now), !error, turn.now);
    end(row, std::move(error), false, turn.out);
  }

  /// The one place where requests end. `held`: with the result that is held.
  void end(const RequestRow& row, std::optional<Error> error, bool held, Actions& out) {
    const RequestId id = row.request.id;
    if (row.phase == RequestRow::Phase::waits) policies_->erase(row.request);
    if (policies_->hooks.hears_ends)
      if (row.phase != RequestRow::Phase::pauses && row.pinned == WorkerId{}) policies_->ended(row.request);
    ++(!error                                     ? counters_.completed
       : error->code() == errc::cancelled         ? counters_.cancelled
       : error->code() == errc::deadline_exceeded ? counters_.expired
                                                  : counters_.failed);
    tables_.erase_request(id);
    out.emplace_back(Complete{id, std::move(error), held});
  }

  /// A run gave a result: the request ends, unless an own tab is to compute it again. Returns a guest that was wrong.
  std::optional<ConnectionId> succeed(RequestId id, const Check& check, Turn turn) {
    RequestRow& row = *tables_.requests.find(id);
    if (row.result) return judge(row, check.disagreement != nullptr, turn);
    const WorkerRow& worker = *tables_.workers.find(row.worker);
    const bool guest = tables_.state(worker.connection).trust != Trust::own;
    // What has its tensors in the guest can't be computed anywhere else.
    if (guest && row.pinned == WorkerId{} && check.draw < rechecks_.share(worker.agreements)) {
      if (row.retry == Retry::always && !tables_.model_of(worker).own.empty()) {
        tables_.hold(row, {worker.connection, run_of(row, turn.now)});
        turn.out.emplace_back(HoldResult{id});
        return std::nullopt;
      }
      ++counters_.unchecked;
    }
    complete(id, std::nullopt, turn);
    return std::nullopt;
  }

  /// An own tab has computed a held result again. Returns the guest whose result it was, if it was another one.
  std::optional<ConnectionId> judge(const RequestRow& row, bool differs, Turn turn) {
    const HeldResult held = *row.result;
    ++counters_.rechecked;
    record(row.request, run_of(row, turn.now), true, turn.now, differs);
    record(row.request, held.run, !differs, turn.now);
    if (WorkerRow* worker = tables_.workers.find(held.run.worker); worker && !differs) {
      ConnectionState& tab = tables_.state(worker->connection);
      ++worker->agreements;
      if (rechecks_.proves(++tab.agreements)) tab.trust = Trust::proven;
    }
    end(row, std::nullopt, !differs, turn.out);
    return differs ? std::optional(held.guest) : std::nullopt;
  }

  /// No own tab computes the held result again: it goes to the caller as it is.
  void forgo(const RequestRow& row, Turn turn) {
    ++counters_.unchecked;
    record(row.request, row.result->run, true, turn.now);
    end(row, std::nullopt, true, turn.out);
  }

  /// A guest was wrong, and has to go. Its other results that are held count for nothing.
  void dismiss(ConnectionId guest, const Error& reason, Turn turn) {
    ++counters_.disagreements;
    tables_.requests.for_each([&](RequestId id, RequestRow& row) {
      if (!row.result || row.result->guest != guest) return;
      row.result.reset();
      if (row.phase != RequestRow::Phase::held) return;
      std::erase(tables_.model(row.request.model)->held, id);
      if (policies_->hooks.hears_ends) policies_->ended(row.request);
      enqueue(row);
    });
    if (tables_.connections.find(guest)) close_connection(guest, reason, turn);
  }

  /// A run failed: the request is tried again, or ends. `started`: whether the run may have begun.
  void fail_run(RequestId id, const Error& error, bool started, Turn turn) {
    RequestRow& row = *tables_.requests.find(id);
    if (row.result) {
      record(row.request, run_of(row, turn.now), false, turn.now);
      return forgo(row, turn);
    }
    if (row.pinned != WorkerId{}) return complete(id, error, turn);
    const auto again = retries_.plan(row, error, started, turn.now);
    if (!again) return complete(id, row.runs > 1 ? after_runs(row.runs, error) : error, turn);
    record(row.request, run_of(row, turn.now), false, turn.now);
    if (policies_->hooks.hears_ends) policies_->ended(row.request);
    tables_.pause(row, tables_.workers.find(row.worker)->connection, turn.now);
    ++counters_.retries;
    if (*again <= turn.now)
      enqueue(row);
    else
      retries_.push(*again, id);
  }

  /// Sees to it that the request ends at its deadline.
  void watch(const RequestRow& row) {
    if (row.request.deadline == end_of_time) return;
    deadlines_.push(row.request.deadline, row.request.id);
    deadlines_.prune(tables_.requests.size(),
                     [this](RequestId each) { return tables_.requests.find(each) != nullptr; });
  }

  void enqueue(RequestRow& row) {
    row.phase = RequestRow::Phase::waits;
    policies_->push(row.request);
  }

  /// The run of a request that is sent, which ends now.
  EndedRun run_of(const RequestRow& row, TimePoint now) {
    const TimePoint answered = tables_.workers.find(row.worker)->answered;
    const TimePoint began = std::clamp(answered, row.sent, std::max(row.sent, now));
    return {row.worker, row.sent, now, std::max(now - began, TimePoint::duration(0)), row.steps};
  }

  /// How a run ended: for the counts of its tab, if that still has the worker, and for the policies that listen.
  /// `delivered`: the caller gets its result.
  void record(const Request& request, const EndedRun& run, bool ok, TimePoint now, bool delivered = true) {
    WorkerRow* found = tables_.workers.find(run.worker);
    if (!found) return;
    WorkerRow& worker = *found;
    ConnectionState& tab = tables_.state(worker.connection);
    ++(ok ? tab.completed : tab.failed);
    worker.failures.add(ok);
    tables_.connections.find(worker.connection)->failures.add(ok);
    if (ok) {
      if (auto& attempt = tables_.connections.find(worker.connection)->attempt) recovery_.helped(*attempt, now);
      if (delivered) worker.experience->latency.record(now - request.submitted);
      worker.experience->drift.add(run.service / run.steps);
      worker.experience->patience.add(run.ended - run.sent);
      worker.drift.add(run.service / run.steps);
    } else {
      ++worker.experience->failed;
      assess(worker.connection);
    }
    tell(request, worker, run, ok);
  }

  /// Tells the policies that listen how a run ended.
  void tell(const Request& request, const WorkerRow& worker, const EndedRun& run, bool ok) {
    if (!policies_->hooks.observes) return;
    policies_->observe({.request = request,
                        .connection = Tables::index_of(worker.connection),
                        .joined = tables_.state(worker.connection).joined,
                        .browser = worker.experience->browser,
                        .backend = worker.experience->backend,
                        .sent = run.sent,
                        .ended = run.ended,
                        .service = run.service,
                        .ok = ok});
  }

  Error refusal(const ModelRow* model) const {
    if (closed_) return {errc::pool_closed, "the pool is closed"};
    if (!model) return {errc::model_released, "the model of this request is not loaded any more"};
    return {errc::run_failed, "the pool holds as many requests as it can: " + std::to_string(tables_.requests.size())};
  }

  /// What the scheduler wants served next; null when nothing, or when its answer is none of the model's waiting
  /// requests.
  RequestRow* next(const ModelRow& model) {
    const auto id = policies_->front(model.index);
    if (!id) return nullptr;
    RequestRow* row = tables_.requests.find(*id);
    const bool valid = row && row->phase == RequestRow::Phase::waits && row->request.model == model.index;
    assert(valid);
    return valid ? row : nullptr;
  }

  /// Sends what waits for the model to tabs with room, then sees to it that there are tabs enough.
  void serve(ModelRow& model, Turn turn) {
    serve_pinned(model, turn);
    recheck(model, turn);
    while (model.lane.has_room()) {
      RequestRow* row = next(model);
      if (!row) break;
      const RequestId request = row->request.id;
      if (row->request.deadline <= turn.now) {
        complete(request, overdue(*row), turn);
        continue;
      }
      PoolView view = view_of(model);
      std::optional<Elsewhere> elsewhere;
      if (avoids_a_tab(model, *row, turn.now)) {
        elsewhere.emplace(model.lane, Tables::index_of(row->failed_in));
        if (elsewhere->tabs().empty()) {
          hold_back(*row, turn.now);
          continue;
        }
        view = view.with(elsewhere->tabs(), elsewhere->idle());
      }
      const auto chosen = policies_->select(view, row->request);
      if (!chosen) break;
      if (!model.lane.has_room(*chosen)) {
        complete(request, no_candidate(*chosen, model.lane.candidates().size()), turn);
        continue;
      }
      policies_->erase(row->request);
      send(*row, request, model.lane.worker(*chosen), turn);
    }
    acquire(model, turn);
  }

  PoolView view_of(const ModelRow& model) {
    return {tables_.states,
            model.lane.candidates(),
            model.lane.idle(),
            {model.backends, model.lane.positions(), model.lane.ends(),
             policies_->waiting(model.index) + model.held.size(), model.healths}};
  }

  /// Sends what waits for one worker alone to it, as far as its tab has room. Before others: while they wait, their
  /// tensors take up memory.
  void serve_pinned(ModelRow& model, Turn turn) {
    for (std::size_t i = model.awaited.size(); i-- > 0;) {
      const WorkerId id = model.awaited[i];
      const WorkerRow& worker = *tables_.workers.find(id);
      while (!worker.pinned.empty()) {
        RequestRow& row = *tables_.requests.find(worker.pinned.front());
        if (row.request.deadline <= turn.now) {
          complete(row.request.id, overdue(row), turn);
          continue;
        }
        if (!model.lane.has_room(Tables::index_of(worker.connection))) break;
        tables_.unpin(row);
        send(row, row.request.id, id, turn);
      }
    }
  }

  /// Sends held requests to own tabs with room; where none holds the model any more, the results go as they are.
  void recheck(ModelRow& model, Turn turn) {
    while (!model.held.empty()) {
      RequestRow& row = *tables_.requests.find(model.held.front());
      if (row.request.deadline <= turn.now) {
        complete(row.request.id, overdue(row), turn);
        continue;
      }
      if (model.own.empty()) {
        forgo(row, turn);
        continue;
      }
      const OwnTabs own(model.lane, model.own);
      if (own.tabs().empty()) return;
      // A selector may wait for a better tab, but the request for its second run only for an own one.
      const auto chosen = policies_->select(view_of(model).with(own.tabs(), own.idle()), row.request);
      const bool fits = chosen && std::ranges::find(own.tabs(), *chosen) != own.tabs().end();
      model.held.pop_front();
      send(row, row.request.id, model.lane.worker(fits ? *chosen : own.tabs().front()), turn);
    }
  }

  /// Whether the request's last run failed in a tab that is still there, so that another one should have it now.
  bool avoids_a_tab(const ModelRow& model, const RequestRow& row, TimePoint now) const {
    return row.failed_in != ConnectionId{} && now - row.failed < patience && model.lane.size() > 1 &&
           tables_.connections.find(row.failed_in) && model.lane.contains(Tables::index_of(row.failed_in));
  }

  /// Until the next tick the request lets others pass.
  void hold_back(RequestRow& row, TimePoint now) {
    policies_->erase(row.request);
    if (policies_->hooks.hears_ends) policies_->ended(row.request);
    row.phase = RequestRow::Phase::pauses;
    retries_.push(now, row.request.id);
  }

  void send(RequestRow& row, RequestId request, WorkerId worker, Turn turn) {
    tables_.start_run(row, request, worker, turn.now);
    turn.out.emplace_back(Run{worker, request});
    const auto limit = patience_for(*tables_.workers.find(worker));
    run_timeouts_.push(turn.now + limit, {worker, request, limit});
    run_timeouts_.prune(tables_.in_flight, [this](const SentRun& each) {
      const WorkerRow* sent_to = tables_.workers.find(each.worker);
      return sent_to && sent_to->has(each.request);
    });
  }

  std::chrono::milliseconds patience_for(const WorkerRow& worker) const {
    const auto most = options_.connection.message_timeout;
    if (!options_.connection.adaptive_timeouts) return most;
    return std::chrono::ceil<std::chrono::milliseconds>(worker.experience->patience.timeout(most));
  }

  void serve_all(Turn turn) {
    for (std::size_t i = 0; i < tables_.models.size(); ++i) {
      if (!tables_.models[i]) continue;
      tables_.models[i]->obstacle = Obstacle::none;
      serve(*tables_.models[i], turn);
    }
  }

  /// A tab fell idle: perhaps there is room now for a model that found none.
  void serve_blocked(Turn turn) {
    for (std::size_t i = 0; i < tables_.models.size(); ++i) {
      ModelRow* model = tables_.models[i].get();
      if (!model || model->obstacle != Obstacle::busy || policies_->waiting(model->index) == 0) continue;
      model->obstacle = Obstacle::none;
      serve(*model, turn);
    }
  }

  // --- placements

  /// Gets the model what it lacks: a placement, a browser, or the news that it will have neither.
  void acquire(ModelRow& model, Turn turn) {
    const std::size_t goal = model.evicted && model.announced ? 0 : replicas(model) + (lacks_own_tab(model) ? 1 : 0);
    const bool starved = !model.lane.has_room() && policies_->waiting(model.index) > 0;
    const Need need = model.announced && !starved ? Need::restore : model.present() == 0 ? Need::first : Need::further;
    if (need < model.refused) model.obstacle = Obstacle::none;
    if (model.announced && model.lane.size() > 0 &&
        ((model.lane.size() >= goal && !starved) || model.loading > 0 || model.obstacle != Obstacle::none ||
         model.placeable.empty()))
      return;

    if (turn.now < model.resting_until) model.obstacle = model.has_run() ? Obstacle::declined : Obstacle::never;
    while ((model.present() < goal || (starved && model.loading == 0)) && model.obstacle == Obstacle::none &&
           !model.placeable.empty()) {
      load_into(model, model.present() == 0 ? need : std::max(need, Need::further), turn);
    }

    const std::size_t wanted = !model.announced ? goal : starved ? 1 : 0;
    std::size_t coming = launches_.starting(model.spec.browsers);
    const bool helps = model.obstacle != Obstacle::never;
    while (helps && model.present() + coming < wanted && launch(model.spec.browsers, turn)) ++coming;
    const bool later =
        helps && staying() < options_.max_connections && launches_.possible(model.spec.browsers, turn.now);

    if (model.announced ? model.present() > 0 || !starved : model.lane.size() >= goal) {
      if (!model.announced) announce(model, std::nullopt, turn.out);
    } else if (model.loading == 0 && coming == 0 && !later && tables_.suspended == 0) {
      if (model.lane.size() > 0) {
        announce(model, std::nullopt, turn.out);
      } else if (model.obstacle == Obstacle::never || (model.obstacle == Obstacle::none && !awaits_tabs(model))) {
        give_up(model, turn);
      }
    }
  }

  /// Whether the pool has more own tabs that stay than so many, or needs none because guests are not checked.
  bool own_tabs_left(std::size_t beyond) const {
    return !rechecks_.on() || launches_.size() - tables_.draining > beyond;
  }

  /// Whether results are to be checked, and an own tab could do it that does not hold the model yet.
  bool lacks_own_tab(const ModelRow& model) const {
    return rechecks_.on() && model.own.empty() && model.lane.size() > 0 &&
           std::ranges::any_of(model.placeable.tabs(),
                               [this](ConnectionIndex each) { return tables_.states[each.value].trust == Trust::own; });
  }

  /// Loads the model into one more tab, or notes why not.
  void load_into(ModelRow& model, Need need, Turn turn) {
    if (placement_.place(tables_, options_, model, need, turn))
      load_timeouts_.push(turn.now + options_.connection.load_timeout, std::get<OpenWorker>(turn.out.back()).worker);
  }

  void announce(ModelRow& model, std::optional<Error> error, Actions& out) {
    model.announced = true;
    out.emplace_back(ModelReady{model.index, std::move(error)});
  }

  void give_up(ModelRow& model, Turn turn) {
    const Error error = why_nowhere(model, turn.now);
    if (!model.announced) announce(model, error, turn.out);
    while (const RequestRow* row = next(model)) complete(row->request.id, error, turn);
    if (policies_->waiting(model.index) == 0) return;
    // A scheduler may hold requests back; these end too.
    tables_.requests.for_each([&](RequestId id, const RequestRow& row) {
      if ((row.phase == RequestRow::Phase::waits || row.phase == RequestRow::Phase::pauses) &&
          row.request.model == model.index)
        complete(id, error, turn);
    });
  }

  /// Ends the worker and its runs. The tab stays, unless a caller finds it drained. `again`: the worker was lost, and
  /// the model may be loaded into that tab once more.
  void close_worker(WorkerId id, bool again, const Error& reason, Turn turn) {
    const ConnectionId connection = tables_.workers.find(id)->connection;
    end_runs(id, reason, turn);
    const bool trouble = again || reason.code() == errc::load_failed;
    turn.out.emplace_back(CloseWorker{connection, id, trouble ? std::optional(reason) : std::nullopt});
    tables_.erase_worker(id, again);
  }

  void end_runs(WorkerId id, const Error& reason, Turn turn) {
    WorkerRow& worker = *tables_.workers.find(id);
    while (!worker.runs.empty()) {
      const RequestId request = worker.runs.front().request;
      tables_.end_run(worker, request, turn.now);
      if (tables_.requests.find(request)) fail_run(request, reason, true, turn);
    }
    end_pinned(worker, reason, turn);
  }

  /// The worker goes, or takes nothing new: what waits for it alone ends.
  void end_pinned(const WorkerRow& worker, const Error& reason, Turn turn) {
    while (!worker.pinned.empty())
      complete(worker.pinned.front(),
               Error(errc::tensor_lost, "the tab that held a tensor of the request is gone: " + reason.message()),
               turn);
  }

  // --- tabs and browsers

  /// The tab is gone, or as good as gone: ends all that was in it, and its browser too unless its page is to `rejoin`.
  void forget(ConnectionId id, const Error& reason, Turn turn, bool rejoin = false) {
    ConnectionRow& row = *tables_.connections.find(id);
    const std::string browser = described(tables_.state(id).browser);
    while (!row.workers.empty()) {
      const WorkerId worker = row.workers.back();
      const WorkerRow& placed = *tables_.workers.find(worker);
      ModelRow& model = tables_.model_of(placed);
      if (!placed.ready && !closed_) note_lost_load(model, id, reason, turn.now);
      end_runs(worker,
               Error(errc::connection_lost,
                     quoted(model) + " was running in " + browser + ", which went away: " + reason.message()),
               turn);
      tables_.erase_worker(worker, false);
    }
    if (row.launch && rejoin) {
      launches_.rejoins(*row.launch, turn.now + std::min(options_.connection.connect_timeout, rejoin_timeout),
                        row.attempt);
    } else if (row.launch) {
      const Browser kind = launches_.find(*row.launch)->browser;
      if (!row.proven && !row.draining) launches_.failed(kind, prefixed(browser, reason), turn.now);
      if (row.exited) {
        launches_.erase(*row.launch);
      } else {
        end_browser(*row.launch, turn.out);
      }
    }
    tables_.erase_connection(id);
  }

  void close_connection(ConnectionId id, const Error& reason, Turn turn) {
    turn.out.emplace_back(CloseConnection{id, reason.message()});
    forget(id, reason, turn);
    serve_all(turn);
  }

  void count_failure(ConnectionId id, std::optional<WorkerId> worker, const Error& error, Turn turn) {
    unsigned& failures = tables_.state(id).consecutive_failures;
    if (++failures < options_.connection.error_threshold || options_.connection.error_threshold == 0) return;
    const Error reason(errc::connection_lost,
                       std::to_string(failures) + " failures in a row, the last: " + error.message());
    failures = 0;
    recover(id, Trouble::runs_fail, worker, reason, turn);
  }

  /// Something is wrong with a tab, beyond one request: climbs the next rung of the ladder. `worker`: the one that is
  /// to be restarted, if it is still there; `gone`: the driver has lost the tab already.
  void recover(ConnectionId id, Trouble trouble, std::optional<WorkerId> worker, const Error& reason, Turn turn,
               bool gone = false) {
    ConnectionRow& row = *tables_.connections.find(id);
    const bool listens = trouble != Trouble::silent && trouble != Trouble::page_crashed;
    if (row.draining && listens) return;
    std::optional<Rung> rung;
    if (!row.draining && !closed_)
      rung = recovery_.climb(row.attempt, trouble,
                             {listens && (trouble != Trouble::runs_fail || worker), listens, row.launch && row.proven,
                              row.launch.has_value(), row.launch && launches_.kinds().size() > 1},
                             turn.now);
    const bool rejoins = rung == Rung::reload_page || rung == Rung::new_tab;
    if (rung == Rung::restart_worker) {
      if (worker) close_worker(*worker, true, reason, turn);
      return;
    }
    if (rung == Rung::reload_page) {
      turn.out.emplace_back(ReloadPage{id, reason.message()});
    } else if (rung == Rung::new_tab) {
      turn.out.emplace_back(NewTab{id, *row.launch, reason.message()});
    } else {
      if (rung) restart_ = row.attempt;
      const BrowserInfo& browser = tables_.state(id).browser;
      if (rung == Rung::other_browser) launches_.rest(browser.browser, prefixed(described(browser), reason), turn.now);
      if (!gone) turn.out.emplace_back(CloseConnection{id, reason.message(), true});
    }
    forget(id, reason, turn, rejoins);
    serve_all(turn);
  }

  /// Gives the tab nothing new; it is closed at once if it is idle, else with its last reply.
  void drain(ConnectionId id, Turn turn) {
    const std::vector<WorkerId> workers = tables_.connections.find(id)->workers;
    const Error draining(errc::connection_lost, "the tab is being closed");
    for (WorkerId each : workers) {
      const WorkerRow& worker = *tables_.workers.find(each);
      end_pinned(worker, draining, turn);
      if (!worker.ready) close_worker(each, false, draining, turn);
    }
    tables_.drain(id);
    settle(id, turn);
  }

  /// After a reply: a tab that drains is closed with its last one; one that yields is then offered to the model that
  /// needs it; one that was full may have room for other models.
  void settle(ConnectionId id, Turn turn) {
    ConnectionRow* row = tables_.connections.find(id);
    if (!row) return;
    const bool relieved = std::exchange(row->relieved, false);
    const bool idle = tables_.state(id).in_flight == 0;
    if (idle && row->draining) {
      close_connection(id, Error(errc::connection_lost, row->farewell), turn);
    } else if (idle && row->yields_to) {
      ModelRow* needy = tables_.model(*row->yields_to);
      tables_.reopen(id);
      if (needy && needy->starving_since) {
        needy->obstacle = Obstacle::none;
        needy->offered = Tables::index_of(id);
        acquire(*needy, turn);
        needy->offered.reset();
      }
      serve_all(turn);
    } else if (relieved) {
      serve_all(turn);
    }
  }

  /// A model that finds only busy tabs would wait as long as the others have work. So after a while a tab gives it a
  /// turn: the least busy one gets no more requests until it is idle, and then the memory policy is asked again.
  void relieve_starving(Turn turn) {
    for (std::size_t i = 0; i < tables_.models.size(); ++i) {
      ModelRow* model = tables_.models[i].get();
      if (!model) continue;
      if (model->obstacle != Obstacle::busy || model->present() > 0 ||
          (model->announced && policies_->waiting(model->index) == 0)) {
        model->starving_since.reset();
      } else if (!model->starving_since) {
        model->starving_since = turn.now;
      } else if (turn.now - *model->starving_since >= patience) {
        model->starving_since = turn.now;
        if (const auto tab = least_busy(*model)) {
          tables_.yield(*tab, model->index);
          settle(*tab, turn);
        }
      }
    }
  }

  // --- time

  static Error overdue(const RequestRow& row) {
    return {errc::deadline_exceeded, row.result
                                         ? "the request's deadline passed while a guest's result was computed again"
                                         : "the request's deadline passed before its result came"};
  }

  void expire_requests(Turn turn) {
    while (const auto id = deadlines_.pop_due(turn.now)) {
      const RequestRow* row = tables_.requests.find(*id);
      if (!row) continue;
      if (row->phase == RequestRow::Phase::sent) turn.out.emplace_back(CancelRun{row->worker, *id});
      complete(*id, overdue(*row), turn);
    }
  }

  void expire_runs(Turn turn) {
    while (const auto sent = run_timeouts_.pop_due(turn.now)) {
      WorkerRow* worker = tables_.workers.find(sent->worker);
      if (!worker || !worker->has(sent->request)) continue;
      const RunInFlight& run = *worker->find(sent->request);
      if (turn.now - run.heard < sent->limit) {  // there was news of it, or that was an earlier run
        if (run.told) run_timeouts_.push(run.heard + sent->limit, *sent);
        continue;
      }
      worker_lost(sent->worker,
                  Error(errc::timed_out, quoted(tables_.model_of(*worker)) + " in " +
                                             described(tables_.state(worker->connection).browser) + ": no answer for " +
                                             seconds(sent->limit)),
                  turn);
    }
  }

  void expire_load(WorkerId id, Turn turn) {
    const auto limit = options_.connection.load_timeout;
    const WorkerRow* worker = tables_.workers.find(id);
    if (worker && !worker->ready && worker->load_due > turn.now) {
      const TimePoint again = turn.now + std::max<std::chrono::milliseconds>(limit, std::chrono::milliseconds(1));
      return load_timeouts_.push(std::min(worker->load_due, again), id);
    }
    load_failed(id, Error(errc::load_failed, "no answer for " + seconds(limit)), turn);
  }

  void check_tabs(Turn turn) {
    const ConnectionSettings& limits = options_.connection;
    const bool ping = limits.health_interval.count() > 0 && turn.now >= next_ping_;
    if (ping) next_ping_ = turn.now + limits.health_interval;
    std::vector<ConnectionId> silent, unused;
    std::optional<std::pair<ConnectionId, std::string>> worn;
    tables_.connections.for_each([&](ConnectionId id, ConnectionRow& row) {
      const ConnectionState& tab = tables_.state(id);
      if (ping) {
        if (row.awaits_pong) ++row.unanswered_pings;
        forgive(row, limits.health_interval);
        assess(id);
        if (row.unanswered_pings == pings_tolerated) return silent.push_back(id);
        if (row.unanswered_pings == pings_tolerated - 1) tables_.suspend(id);
        row.awaits_pong = true;
        turn.out.emplace_back(Ping{id});
      }
      if (!row.launch || row.draining) return;
      if (limits.idle_timeout.count() > 0 && turn.now - row.last_used >= limits.idle_timeout && tab.in_flight == 0 &&
          !loads(row) && !holds_tensors(row))
        unused.push_back(id);
      else if (auto why = why_recycle(row, tab, limits, turn.now); why && !worn)
        worn = {id, *std::move(why)};
    });
    for (ConnectionId id : silent) {
      ++counters_.losses;
      recover(id, Trouble::silent, std::nullopt,
              Error(errc::connection_lost, "no answer to " + std::to_string(pings_tolerated) +
                                               " heartbeats, one each " + seconds(limits.health_interval)),
              turn);
    }
    for (ConnectionId id : unused)
      if (staying() > options_.min_connections && own_tabs_left(1)) drain(id, turn);
    if (worn) renew(worn->first, worn->second, turn);
  }

  /// Replaces a worn tab, one at a time: where there is room for one more, another one joins first and gets the models
  /// that are in no third tab; then the old one drains.
  void renew(ConnectionId worn, const std::string& why, Turn turn) {
    if (tables_.draining > 0 || launches_.starting() > 0) return;
    const bool begun = renewal_ && renewal_->worn == worn;
    if (!begun && occupied() < options_.max_connections) {
      const Browser kind = tables_.state(worn).browser.browser;
      if (launch({&kind, 1}, turn))
        renewal_ = {worn, counters_.joins,
                    turn.now + options_.connection.connect_timeout + options_.connection.load_timeout};
      return;
    }
    if (begun && counters_.joins == renewal_->joins) return renewal_.reset();  // the new one did not come
    if (begun && turn.now < renewal_->patience && !spread(worn, turn)) return;
    renewal_.reset();
    tables_.connections.find(worn)->farewell = "the tab is renewed: " + why;
    drain(worn, turn);
  }

  /// Loads the tab's models elsewhere; whether each is there.
  bool spread(ConnectionId worn, Turn turn) {
    bool done = true;
    for (WorkerId each : std::vector(tables_.connections.find(worn)->workers)) {
      ModelRow& model = tables_.model_of(*tables_.workers.find(each));
      if (model.lane.size() > 1 || !model.lane.contains(Tables::index_of(worn)) || model.placeable.empty()) continue;
      done = false;
      if (model.loading == 0) load_into(model, Need::further, turn);
    }
    return done;
  }

  void scale(Turn turn) {
    const PoolLoad load = this->load(turn.now);
    const std::size_t wanted =
        std::min(std::max(policies_->desired(load), options_.min_connections), options_.max_connections);
    launch_up_to(wanted, turn);
    if (!own_tabs_left(0)) launch({}, turn);
    if (load.connections + load.starting > wanted && own_tabs_left(1))
      if (const auto surplus = most_dispensable()) drain(*surplus, turn);
  }

  const std::unique_ptr<Decisions> policies_;
  Placement placement_;
  Retries retries_;
  Rechecks rechecks_;
  Expiries<RequestId> deadlines_;
  Expiries<SentRun> run_timeouts_;
  Expiries<WorkerId> load_timeouts_;
  TimePoint next_ping_{};
  std::optional<Renewal> renewal_;
  bool closed_ = false;
};

}  // namespace webpool::engine
