#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/engine/actions.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/turn.hpp>
#include <webpool/options.hpp>

namespace webpool::engine {

/// Finds the tab that a model is loaded into next: the selector proposes, the memory policy makes room or refuses.
/// Loads are rare, so this may allocate and look at all tabs that could hold the model, but asks at most `attempts` of
/// them.
class Placement {
 public:
  static constexpr std::size_t attempts = 8;

  explicit Placement(State& state) : state_(state) {}

  /// Whether some tab may hold the model, as far as its placing goes.
  bool possible(const ModelRow& model, TimePoint now) const {
    return std::ranges::any_of(model.placeable.tabs(), [&](ConnectionIndex each) { return welcome(model, each, now); });
  }

  /// Opens a worker for a model that is placeable somewhere, without an eviction if it can be. Else notes in the model
  /// that this need was refused, and whether it may be granted later.
  std::optional<WorkerId> place(ModelRow& model, Need need, Turn turn) {
    Attempted result = attempt(model, Need::restore, turn);
    if (!result.worker && need != Need::restore) result = attempt(model, need, turn);
    model.obstacle = result.obstacle;
    model.refused = need;
    return result.worker;
  }

  std::uint64_t evictions() const noexcept { return evictions_; }

 private:
  struct Attempted {
    Obstacle obstacle;
    std::optional<WorkerId> worker{};  // without an obstacle
  };

  Attempted attempt(ModelRow& model, Need need, Turn turn) {
    Tables& tables = state_.tables;
    const Request asked{.id = {}, .model = model.index, .task = model.spec.task, .submitted = turn.now};
    Attempted result{Obstacle::never};
    std::array<ConnectionIndex, attempts> refused;
    for (std::size_t tried = 0; tried < attempts; ++tried) {
      const auto candidates =
          tried == 0 ? preferred(model, turn.now) : without(model, std::span(refused).first(tried), turn.now);
      if (candidates.empty()) break;
      const auto chosen = state_.policies->select(PoolView(tables.states, candidates, candidates.size()), asked);
      if (!chosen) return {Obstacle::declined};
      if (!model.placeable.contains(*chosen)) {
        model.add_reason(no_candidate(*chosen, candidates.size()));
        return {Obstacle::never};
      }
      const ConnectionId connection = tables.connections.id_at(chosen->value);
      refused[tried] = *chosen;
      if (must_wait(model, connection)) {
        result.obstacle = Obstacle::declined;
        continue;
      }
      const Obstacle obstacle = make_room(model, need, connection, turn);
      if (obstacle == Obstacle::none) {
        const WorkerId worker = tables.open_worker(model, connection, turn.now);
        turn.out.emplace_back(OpenWorker{connection, worker, model.index});
        return {Obstacle::none, worker};
      }
      if (obstacle == Obstacle::busy) result.obstacle = Obstacle::busy;
    }
    return result;
  }

  bool welcome(const ModelRow& model, ConnectionIndex tab, TimePoint now) const {
    return state_.tables.welcome(tab, model.spec.placing) &&
           !model.rests_in(state_.tables.states[tab.value].browser.browser, now);
  }

  /// Whether the model, or one that loads there, is to load alone.
  bool must_wait(const ModelRow& model, ConnectionId connection) const {
    return std::ranges::any_of(state_.tables.connections[connection].workers, [&](WorkerId each) {
      const WorkerRow& worker = state_.tables.workers[each];
      return !worker.ready && (model.loads_alone || state_.tables.models[worker.model.value]->loads_alone);
    });
  }

  /// The placeable tabs to ask first: the one that yielded to the model; own ones, while none of those is there to
  /// compute guests' results again; those of the browser that its task prefers most, of those that are there; else all
  /// of them.
  std::span<const ConnectionIndex> preferred(const ModelRow& model, TimePoint now) {
    const auto& states = state_.tables.states;
    if (model.offered && model.placeable.contains(*model.offered) && welcome(model, *model.offered, now))
      return {&*model.offered, 1};
    if (state_.checks_guests() && model.own.empty()) {
      const auto own = those(model, now, [&](ConnectionIndex each) { return states[each.value].trust == Trust::own; });
      if (!own.empty()) return own;
    }
    const auto& preferences = state_.options.browser_preferences;
    if (const auto wishes = preferences.find(model.spec.task); wishes != preferences.end())
      for (Browser kind : wishes->second) {
        const auto tabs =
            those(model, now, [&](ConnectionIndex each) { return states[each.value].browser.browser == kind; });
        if (!tabs.empty()) return tabs;
      }
    return those(model, now, [](ConnectionIndex) { return true; });
  }

  std::span<const ConnectionIndex> without(const ModelRow& model, std::span<const ConnectionIndex> refused,
                                           TimePoint now) {
    return those(model, now, [&](ConnectionIndex each) { return std::ranges::find(refused, each) == refused.end(); });
  }

  /// The tabs that may hold the model and are wanted, until the next call.
  template <class Wanted>
  std::span<const ConnectionIndex> those(const ModelRow& model, TimePoint now, Wanted wanted) {
    tabs_.clear();
    for (ConnectionIndex each : model.placeable.tabs())
      if (wanted(each) && welcome(model, each, now)) tabs_.push_back(each);
    return tabs_;
  }

  Obstacle make_room(ModelRow& model, Need need, ConnectionId connection, Turn turn) {
    Tables& tables = state_.tables;
    const MemorySettings& settings = state_.options.memory;
    const std::size_t needed = needed_bytes(model, connection);
    while (true) {
      models_.clear();
      std::size_t used = 0;
      for (WorkerId id : tables.connections[connection].workers) {
        const WorkerRow& worker = tables.workers[id];
        models_.push_back({worker.model, worker.bytes, worker.last_used, may_evict(need, worker), worker.loaded,
                           worker.uses, tables.models[worker.model.value]->load_time});
        used += worker.bytes;
      }
      const MemoryDecision decision = state_.policies->make_room(
          MemoryView{settings, models_, used, needed, tables.memory, turn.now, need != Need::restore});
      if (decision.kind == MemoryDecision::Kind::load) return Obstacle::none;
      if (decision.kind == MemoryDecision::Kind::refuse) {
        if (!std::ranges::all_of(models_, &LoadedModel::idle)) return Obstacle::busy;
        model.add_reason(Error(errc::load_failed, described(tables.state(connection).browser) +
                                                      ": the memory policy refused " + std::to_string(needed) +
                                                      " bytes beside " + std::to_string(used) + " in use (budget " +
                                                      budget(settings) + ")"));
        return Obstacle::never;
      }
      if (!evict(connection, decision.victim, turn)) return Obstacle::busy;
    }
  }

  /// As a page reported, but no more than the budgets leave beside pinned models: what was let in by its file's size
  /// and turned out to be larger than a budget can be loaded again, where all else can leave.
  std::size_t needed_bytes(const ModelRow& model, ConnectionId connection) const {
    const MemorySettings& settings = state_.options.memory;
    std::size_t pinned_here = 0, pinned = 0;
    state_.tables.workers.for_each([&](WorkerId, const WorkerRow& worker) {
      if (!state_.tables.models[worker.model.value]->spec.pinned) return;
      pinned += worker.bytes;
      if (worker.connection == connection) pinned_here += worker.bytes;
    });
    std::size_t most = model.bytes;
    const auto limit = [&most](std::size_t budget, std::size_t taken) {
      if (budget > 0) most = std::min(most, budget - std::min(budget, taken));
    };
    limit(settings.bytes_per_connection, pinned_here);
    limit(settings.bytes_for_pool, pinned);
    return std::max(most, std::min(model.bytes, model.spec.bytes));
  }

  bool may_evict(Need need, const WorkerRow& worker) const {
    const ModelRow& model = *state_.tables.models[worker.model.value];
    if (!worker.idle() || worker.tensors > 0 || model.spec.pinned || need == Need::restore) return false;
    if (!model.held.empty()) return false;  // it is about to compute a guest's result again
    return need == Need::first || model.lane.size() > 1;
  }

  bool evict(ConnectionId connection, ModelIndex victim, Turn turn) {
    Tables& tables = state_.tables;
    const auto allowed = std::ranges::find(models_, victim, &LoadedModel::model);
    assert(allowed != models_.end() && allowed->idle);
    if (allowed == models_.end() || !allowed->idle) return false;
    const WorkerId worker = tables.connections[connection].workers[static_cast<std::size_t>(allowed - models_.begin())];
    tables.models[victim.value]->evicted = true;
    tables.erase_worker(worker, AfterWorker::may_load_again);
    turn.out.emplace_back(CloseWorker{connection, worker});
    ++evictions_;
    return true;
  }

  static std::string budget(const MemorySettings& settings) {
    return settings.bytes_per_connection == 0 ? std::to_string(settings.models_per_connection) + " models"
                                              : std::to_string(settings.bytes_per_connection) + " bytes";
  }

  State& state_;
  std::vector<ConnectionIndex> tabs_;
  std::vector<LoadedModel> models_;
  std::uint64_t evictions_ = 0;
};

}  // namespace webpool::engine
