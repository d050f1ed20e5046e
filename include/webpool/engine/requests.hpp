#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <webpool/engine/assessment.hpp>
#include <webpool/engine/expiries.hpp>
#include <webpool/engine/retries.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/turn.hpp>

namespace webpool::engine {

/// What the caller of a request asks of the engine, beyond what policies see.
struct Terms {
  Retry retry = Retry::always;
  WorkerId bound_to{};  ///< that has tensors of the request, and alone may run it; none: any
  std::shared_ptr<const Placing> placing{};
};

/// Which result a request that ended well gives its caller.
enum class ResultFrom : std::uint8_t { last_run, held };

/// A request from its submission to its end: admission, the queue, retries, its deadline, and how its runs are counted.
/// Everything that ends a request ends in `end`.
class Requests {
 public:
  explicit Requests(State& state) : state_(state), retries_(state.options.retries) {}

  /// `Engine::submit`.
  RequestId submit(const Request& request, Terms&& terms, Turn turn) {
    const RequestId id = state_.tables.requests.insert();
    RequestRow& row = state_.tables.requests[id];
    row.request = request;
    row.request.id = id;
    row.request.submitted = turn.now;
    row.retry = terms.retry;
    if (terms.placing) row.with_extras().placing = std::move(terms.placing);
    ++state_.counters.submitted;
    retries_.earn();
    ModelRow* model = state_.tables.model(request.model);
    if (!model || state_.closed || state_.tables.requests.full()) {
      complete(row, refusal(model), turn);
      return id;
    }
    row.request.task = model->spec.task;
    if (!(terms.bound_to != WorkerId{} ? bind(row, *model, terms.bound_to, turn) : queue(row, *model, turn))) return id;
    watch(row);
    state_.marks.mark(*model);
    return id;
  }

  void cancel(RequestId id, Turn turn) {
    const RequestRow* row = state_.tables.requests.find(id);
    if (!row) return;
    stop(*row, turn);
    complete(*row, Error(errc::cancelled, "cancelled by the caller"), turn);
  }

  /// Ends a request that waits or runs.
  void complete(RequestId id, std::optional<Error> error, Turn turn) {
    complete(state_.tables.requests[id], std::move(error), turn);
  }
  void complete(const RequestRow& row, std::optional<Error> error, Turn turn) {
    const bool over = error && (error->code() == errc::cancelled || error->code() == errc::deadline_exceeded);
    if (row.phase == RequestRow::Phase::sent && !over) record(row.request, run_of(row, turn.now), !error, turn.now);
    end(row, std::move(error), ResultFrom::last_run, turn);
  }

  /// The one place where requests end.
  void end(const RequestRow& row, std::optional<Error> error, ResultFrom from, Turn turn) {
    const RequestId id = row.request.id;
    if (row.phase == RequestRow::Phase::waits) state_.policies->erase(row.request);
    if (row.phase != RequestRow::Phase::pauses && row.bound_to == WorkerId{}) tell_ended(row.request);
    Metrics& counters = state_.counters;
    ++(!error                                     ? counters.completed
       : error->code() == errc::cancelled         ? counters.cancelled
       : error->code() == errc::deadline_exceeded ? counters.expired
                                                  : counters.failed);
    state_.tables.erase_request(id);
    turn.out.emplace_back(Complete{id, std::move(error), from == ResultFrom::held});
  }

  /// No own tab computes the held result again: it goes to the caller as it is.
  void end_unchecked(const RequestRow& row, Turn turn) {
    ++state_.counters.unchecked;
    record(row.request, row.result()->run, true, turn.now);
    end(row, std::nullopt, ResultFrom::held, turn);
  }

  /// A run failed: the request is tried again, or ends. `started`: whether the run may have begun.
  void fail_run(RequestId id, const Error& error, bool started, Turn turn) {
    RequestRow& row = state_.tables.requests[id];
    if (row.result()) {
      record(row.request, run_of(row, turn.now), false, turn.now);
      return end_unchecked(row, turn);
    }
    if (row.bound_to != WorkerId{}) return complete(row, error, turn);
    const auto again = retries_.plan(row, error, started, turn.now);
    if (!again) return complete(row, row.runs > 1 ? after_runs(row.runs, error) : error, turn);
    record(row.request, run_of(row, turn.now), false, turn.now);
    tell_ended(row.request);
    state_.tables.pause(row, state_.tables.workers[row.worker].connection, turn.now);
    ++state_.counters.retries;
    if (*again <= turn.now)
      enqueue(row);
    else
      retries_.push(*again, id);
  }

  void enqueue(RequestRow& row) {
    row.phase = RequestRow::Phase::waits;
    state_.policies->push(row.request);
    state_.marks.mark(*state_.tables.model(row.request.model));
  }

  struct Next {
    RequestRow* row = nullptr;
    std::size_t waiting = 0;  // this one included
  };

  /// What the scheduler wants served next; null when nothing, or when its answer is none of the model's waiting
  /// requests.
  Next next(const ModelRow& model) {
    const auto [front, waiting] = state_.policies->line(model.index);
    if (front == RequestId{}) return {};
    RequestRow* row = state_.tables.requests.find(front);
    const bool valid = row && row->phase == RequestRow::Phase::waits && row->request.model == model.index;
    assert(valid);
    return {valid ? row : nullptr, waiting};
  }

  /// A scheduler that listens hears that the request, or its run, has ended.
  void tell_ended(const Request& request) {
    if (state_.policies->hooks.hears_ends) state_.policies->ended(request);
  }

  /// Until the next tick the request lets others pass.
  void hold_back(RequestRow& row, TimePoint now) {
    state_.policies->erase(row.request);
    tell_ended(row.request);
    row.phase = RequestRow::Phase::pauses;
    retries_.push(now, row.request.id);
  }

  /// Whether its deadline has passed; then it has ended.
  bool ended_by_deadline(const RequestRow& row, Turn turn) {
    if (row.request.deadline > turn.now) return false;
    complete(row, overdue(row), turn);
    return true;
  }

  /// Deadlines, and requests whose pause is over.
  void tick(Turn turn) {
    while (const auto id = deadlines_.pop_due(turn.now)) {
      const RequestRow* row = state_.tables.requests.find(*id);
      if (!row) continue;
      stop(*row, turn);
      complete(*row, overdue(*row), turn);
    }
    while (const auto id = retries_.pop_due(turn.now))
      if (RequestRow* row = state_.tables.requests.find(*id); row && row->phase == RequestRow::Phase::pauses)
        enqueue(*row);
  }

  /// The run of a request that is sent, which ends now.
  EndedRun run_of(const RequestRow& row, TimePoint now) {
    const TimePoint answered = state_.tables.workers[row.worker].answered;
    const TimePoint began = std::clamp(answered, row.sent, std::max(row.sent, now));
    return {row.worker, row.sent, now, std::max(now - began, TimePoint::duration(0)), row.steps};
  }

  /// How a run ended: for the counts of its tab, if that still has the worker, and for the policies that listen.
  /// `delivered`: the caller gets its result.
  void record(const Request& request, const EndedRun& run, bool ok, TimePoint now, bool delivered = true) {
    WorkerRow* found = state_.tables.workers.find(run.worker);
    if (!found) return;
    WorkerRow& worker = *found;
    ConnectionState& tab = state_.tables.state(worker.connection);
    ConnectionRow& row = state_.tables.connections[worker.connection];
    ++(ok ? tab.completed : tab.failed);
    worker.failures.add(ok);
    row.failures.add(ok);
    if (ok) {
      if (row.attempt) state_.recovery.helped(*row.attempt, now);
      if (delivered) worker.experience->latency.record(now - request.submitted);
      worker.experience->drift.add(run.service / run.steps);
      worker.experience->patience.add(run.ended - run.sent);
      worker.drift.add(run.service / run.steps);
    } else {
      ++worker.experience->failed;
      assess(state_, worker.connection);
    }
    tell(request, worker, run, ok);
  }

 private:
  static Error overdue(const RequestRow& row) {
    return {errc::deadline_exceeded, row.result()
                                         ? "the request's deadline passed while a guest's result was computed again"
                                         : "the request's deadline passed before its result came"};
  }

  /// Its tab need not go on with it.
  static void stop(const RequestRow& row, Turn turn) {
    if (row.phase == RequestRow::Phase::sent) turn.out.emplace_back(CancelRun{row.worker, row.request.id});
  }

  /// The request waits for one worker alone. False: that is gone, and the request has ended.
  bool bind(RequestRow& row, const ModelRow& model, WorkerId id, Turn turn) {
    const WorkerRow* worker = state_.tables.workers.find(id);
    if (worker && worker->model == model.index && !state_.tables.connections[worker->connection].draining) {
      state_.tables.bind(row, id);
      return true;
    }
    complete(row, Error(errc::tensor_lost, "the tab that held a tensor of the request is gone"), turn);
    return false;
  }

  /// The scheduler takes the request. False: it refused, and the request has ended.
  bool queue(RequestRow& row, const ModelRow& model, Turn turn) {
    if (state_.policies->hooks.admits) {
      const LaneLoad load{state_.policies->waiting(model.index), model.in_flight, model.lane.size()};
      if (const Admission answer = state_.policies->admit(row.request, load); answer != Admission::accept) {
        complete(row, not_admitted(model, row.request, load, answer), turn);
        return false;
      }
    }
    enqueue(row);
    return true;
  }

  /// Sees to it that the request ends at its deadline.
  void watch(const RequestRow& row) {
    if (row.request.deadline == end_of_time) return;
    deadlines_.push(row.request.deadline, row.request.id);
    deadlines_.prune(state_.tables.requests.size(),
                     [this](RequestId each) { return state_.tables.requests.find(each) != nullptr; });
  }

  Error refusal(const ModelRow* model) const {
    if (state_.closed) return {errc::pool_closed, "the pool is closed"};
    if (!model) return {errc::model_released, "the model of this request is not loaded any more"};
    return {errc::run_failed,
            "the pool holds as many requests as it can: " + std::to_string(state_.tables.requests.size())};
  }

  /// Tells the policies that listen how a run ended.
  void tell(const Request& request, const WorkerRow& worker, const EndedRun& run, bool ok) {
    if (!state_.policies->hooks.observes) return;
    state_.policies->observe({.request = request,
                              .connection = Tables::index_of(worker.connection),
                              .joined = state_.tables.state(worker.connection).joined,
                              .browser = worker.experience->browser,
                              .backend = worker.experience->backend,
                              .sent = run.sent,
                              .ended = run.ended,
                              .service = run.service,
                              .ok = ok});
  }

  State& state_;
  Retries retries_;
  Expiries<RequestId> deadlines_;
};

}  // namespace webpool::engine
