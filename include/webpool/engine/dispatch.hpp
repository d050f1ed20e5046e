#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <webpool/engine/expiries.hpp>
#include <webpool/engine/requests.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/shortlist.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/turn.hpp>

namespace webpool::engine {

/// Sends requests to workers: which is next, and where it goes. Notes when each run has to be answered.
class Dispatch {
 public:
  /// A run that its worker has not answered in time.
  struct Overdue {
    WorkerId worker;
    Error reason;
  };

  Dispatch(State& state, Requests& requests) : state_(state), requests_(requests) {}

  /// Sends what waits for the model to tabs with room.
  void serve(ModelRow& model, Turn turn) {
    if (!model.awaited.empty()) serve_bound(model, turn);
    if (!model.held.empty()) recheck(model, turn);
    while (model.lane.has_room()) {
      const auto [row, waiting] = requests_.next(model);
      if (!row) break;
      if (requests_.ended_by_deadline(*row, turn)) continue;
      PoolView view = view_of(model, waiting);
      const auto fit = narrowed(model, *row, turn.now);
      if (fit && fit->tabs().empty()) {
        requests_.hold_back(*row, turn.now);
        continue;
      }
      if (fit) view = view.with(fit->tabs(), fit->idle());
      const auto chosen = state_.policies->select(view, row->request);
      if (!chosen) break;
      if (!model.lane.has_room(*chosen)) {
        requests_.complete(*row, no_candidate(*chosen, model.lane.candidates().size()), turn);
        continue;
      }
      state_.policies->erase(row->request);
      send(*row, model.lane.worker(*chosen), turn);
    }
  }

  /// One run whose answer is overdue.
  std::optional<Overdue> pop_overdue(TimePoint now) {
    while (const auto sent = run_timeouts_.pop_due(now)) {
      WorkerRow* worker = state_.tables.workers.find(sent->worker);
      if (!worker || !worker->has(sent->request)) continue;
      const RunInFlight& run = *worker->find(sent->request);
      if (now - run.heard < sent->limit) {  // there was news of it, or that was an earlier run
        if (run.told) run_timeouts_.push(run.heard + sent->limit, *sent);
        continue;
      }
      return Overdue{sent->worker,
                     Error(errc::timed_out, quoted(state_.tables.model_of(*worker)) + " in " +
                                                described(state_.tables.state(worker->connection).browser) +
                                                ": no answer for " + seconds(sent->limit))};
    }
    return std::nullopt;
  }

 private:
  struct SentRun {
    WorkerId worker;
    RequestId request;
    std::chrono::milliseconds limit;
  };

  /// So long a request avoids the tab in which it has failed.
  static constexpr std::chrono::seconds avoidance{2};

  PoolView view_of(const ModelRow& model, std::size_t waiting) const {
    return {state_.tables.states, model.lane.candidates(), model.lane.idle(), model.lane.serving(),
            waiting + model.held.size()};
  }

  /// Sends what waits for one worker alone to it, as far as its tab has room. Before others: while they wait, their
  /// tensors take up memory.
  void serve_bound(ModelRow& model, Turn turn) {
    for (std::size_t i = model.awaited.size(); i-- > 0;) {
      const WorkerId id = model.awaited[i];
      const WorkerRow& worker = state_.tables.workers[id];
      while (!worker.bound.empty()) {
        RequestRow& row = state_.tables.requests[worker.bound.front()];
        if (requests_.ended_by_deadline(row, turn)) continue;
        if (!model.lane.has_room(Tables::index_of(worker.connection))) break;
        state_.tables.unbind(row);
        send(row, id, turn);
      }
    }
  }

  /// Sends held requests to own tabs with room; where none holds the model any more, the results go as they are.
  void recheck(ModelRow& model, Turn turn) {
    while (!model.held.empty()) {
      RequestRow& row = state_.tables.requests[model.held.front()];
      if (requests_.ended_by_deadline(row, turn)) continue;
      if (model.own.empty()) {
        requests_.end_unchecked(row, turn);
        continue;
      }
      const auto own = Shortlist::among(model.lane, model.own);
      if (own.tabs().empty()) return;
      // A selector may wait for a better tab, but the request for its second run only for an own one.
      const auto chosen = state_.policies->select(
          view_of(model, state_.policies->waiting(model.index)).with(own.tabs(), own.idle()), row.request);
      const bool fits = chosen && std::ranges::find(own.tabs(), *chosen) != own.tabs().end();
      model.held.pop_front();
      send(row, model.lane.worker(fits ? *chosen : own.tabs().front()), turn);
    }
  }

  /// Those of the lane's tabs that may have the request; empty if all may, as for most requests.
  std::optional<Shortlist> narrowed(const ModelRow& model, const RequestRow& row, TimePoint now) const {
    if (!row.extras) return std::nullopt;
    const bool avoids = avoids_a_tab(model, *row.extras, now);
    const Placing* const placing = row.placing();
    if (!avoids && !placing) return std::nullopt;
    return Shortlist::of(model.lane, [&](ConnectionIndex each) {
      return !(avoids && each == Tables::index_of(row.extras->failed_in)) &&
             (!placing || state_.tables.welcome(each, *placing));
    });
  }

  /// Whether the request's last run failed in a tab that is still there, so that another one should have it now.
  bool avoids_a_tab(const ModelRow& model, const RequestRow::Extras& run, TimePoint now) const {
    const ConnectionId tab = run.failed_in;
    return state_.tables.connections.find(tab) && now - run.failed < avoidance && model.lane.size() > 1 &&
           model.lane.contains(Tables::index_of(tab));
  }

  void send(RequestRow& row, WorkerId worker, Turn turn) {
    const RequestId request = row.request.id;
    state_.tables.start_run(row, request, worker, turn.now);
    turn.out.emplace_back(Run{worker, request});
    const auto limit = time_limit(state_.tables.workers[worker]);
    run_timeouts_.push(turn.now + limit, {worker, request, limit});
    run_timeouts_.prune(state_.tables.in_flight, [this](const SentRun& each) {
      const WorkerRow* sent_to = state_.tables.workers.find(each.worker);
      return sent_to && sent_to->has(each.request);
    });
  }

  /// Of a run in that worker.
  std::chrono::milliseconds time_limit(const WorkerRow& worker) const {
    const auto most = state_.options.connection.message_timeout;
    if (!state_.options.connection.adaptive_timeouts) return most;
    return std::chrono::ceil<std::chrono::milliseconds>(worker.experience->patience.timeout(most));
  }

  State& state_;
  Requests& requests_;
  Expiries<SentRun> run_timeouts_;
};

}  // namespace webpool::engine
