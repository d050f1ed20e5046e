#pragma once

#include <optional>
#include <vector>
#include <webpool/engine/rechecks.hpp>
#include <webpool/engine/requests.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/turn.hpp>

namespace webpool::engine {

/// What becomes of good results: most go to their caller; some of a guest's are held until an own tab has computed them
/// again.
class GuestChecks {
 public:
  GuestChecks(State& state, Requests& requests) : state_(state), requests_(requests), rechecks_(state.options.guests) {}

  /// A run gave a result: the request ends, unless an own tab is to compute it again. Returns a guest that was wrong.
  std::optional<ConnectionId> succeed(RequestId id, const Check& check, Turn turn) {
    RequestRow& row = state_.tables.requests[id];
    if (row.result()) return compare(row, check.disagreement != nullptr, turn);
    const WorkerRow& worker = state_.tables.workers[row.worker];
    const bool guest = state_.tables.state(worker.connection).trust != Trust::own;
    // What has its tensors in the guest can't be computed anywhere else.
    if (guest && row.bound_to == WorkerId{} && check.draw < rechecks_.share(worker.agreements)) {
      if (row.retry == Retry::always && !state_.tables.model_of(worker).own.empty()) {
        state_.tables.hold(row, {worker.connection, requests_.run_of(row, turn.now)});
        turn.out.emplace_back(HoldResult{id});
        return std::nullopt;
      }
      ++state_.counters.unchecked;
    }
    requests_.complete(row, std::nullopt, turn);
    return std::nullopt;
  }

  /// A guest was wrong: its other results that are held count for nothing.
  void discard_results_of(ConnectionId guest) {
    ++state_.counters.disagreements;
    state_.tables.requests.for_each([&](RequestId id, RequestRow& row) {
      if (!row.result() || row.result()->guest != guest) return;
      row.extras->result.reset();
      if (row.phase != RequestRow::Phase::held) return;
      std::erase(state_.tables.model(row.request.model)->held, id);
      requests_.tell_ended(row.request);
      requests_.enqueue(row);
    });
  }

 private:
  /// An own tab has computed a held result again. Returns the guest whose result it was, if it was another one.
  std::optional<ConnectionId> compare(const RequestRow& row, bool differs, Turn turn) {
    const HeldResult held = *row.result();
    ++state_.counters.rechecked;
    requests_.record(row.request, requests_.run_of(row, turn.now), true, turn.now, differs);
    requests_.record(row.request, held.run, !differs, turn.now);
    if (WorkerRow* worker = state_.tables.workers.find(held.run.worker); worker && !differs) {
      ConnectionState& tab = state_.tables.state(worker->connection);
      ++worker->agreements;
      if (rechecks_.proves(++tab.agreements)) tab.trust = Trust::proven;
    }
    requests_.end(row, std::nullopt, differs ? ResultFrom::last_run : ResultFrom::held, turn);
    return differs ? std::optional(held.guest) : std::nullopt;
  }

  State& state_;
  Requests& requests_;
  const Rechecks rechecks_;
};

}  // namespace webpool::engine
