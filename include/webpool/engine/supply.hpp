#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>
#include <webpool/engine/expiries.hpp>
#include <webpool/engine/figures.hpp>
#include <webpool/engine/fleet.hpp>
#include <webpool/engine/placement.hpp>
#include <webpool/engine/removal.hpp>
#include <webpool/engine/requests.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/setbacks.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/turn.hpp>

namespace webpool::engine {

/// Gets models the tabs that they lack: places in those that are there, launches, or the news that there will be none.
class Supply {
 public:
  Supply(State& state, Fleet& fleet, Requests& requests, Removal& removal)
      : setbacks(state), state_(state), fleet_(fleet), requests_(requests), removal_(removal), placement_(state) {}

  /// Gets the model what it lacks: a placement, a browser, or the news that it will have neither.
  void acquire(ModelRow& model, Turn turn) {
    if (model.announced && model.lane.size() > 0 && model.placeable.empty()) return;  // as after most requests
    const std::size_t goal =
        model.evicted && model.announced ? 0 : fleet_.replicas(model) + (lacks_own_tab(model) ? 1 : 0);
    const bool starved = !model.lane.has_room() && state_.policies->waiting(model.index) > 0;
    const Need need = model.announced && !starved ? Need::restore : model.present() == 0 ? Need::first : Need::further;
    if (need < model.refused) model.obstacle = Obstacle::none;
    if (model.announced && model.lane.size() > 0 &&
        ((model.lane.size() >= goal && !starved) || model.loading > 0 || model.obstacle != Obstacle::none ||
         !possible(model, turn.now)))
      return;

    if (model.rests(turn.now) && !possible(model, turn.now) && !launchable(model, turn.now))
      model.obstacle = model.has_run() ? Obstacle::declined : Obstacle::never;
    while ((model.present() < goal || (starved && model.loading == 0)) && model.obstacle == Obstacle::none &&
           possible(model, turn.now))
      load_into(model, model.present() == 0 ? need : std::max(need, Need::further), turn);

    const auto kinds = launchable(model, turn.now);
    const std::size_t wanted = !model.announced ? goal : starved ? 1 : 0;
    std::size_t coming = kinds ? fleet_.launches.starting(*kinds) : 0;
    const bool helps = model.obstacle != Obstacle::never && kinds;
    while (helps && model.present() + coming < wanted && fleet_.launch(*kinds, turn)) ++coming;
    const bool later =
        helps && fleet_.staying() < state_.options.max_connections && fleet_.launches.possible(*kinds, turn.now);

    if (model.announced ? model.present() > 0 || !starved : model.lane.size() >= goal) {
      if (!model.announced) announce(model, std::nullopt, turn);
    } else if (model.loading == 0 && coming == 0 && !later && state_.tables.suspended == 0 &&
               !Setbacks::pauses(model)) {
      if (model.lane.size() > 0)
        announce(model, std::nullopt, turn);
      else if (model.obstacle == Obstacle::never || (model.obstacle == Obstacle::none && !fleet_.awaits_tabs(model)))
        give_up(model, turn);
    }
  }

  /// Whether some tab may hold the model that does not yet.
  bool possible(const ModelRow& model, TimePoint now) const { return placement_.possible(model, now); }

  /// Loads the model into one more tab, or notes why not.
  void load_into(ModelRow& model, Need need, Turn turn) {
    if (const auto worker = placement_.place(model, need, turn))
      load_timeouts_.push(turn.now + state_.options.connection.load_timeout, *worker);
  }

  /// Says once whether the model is ready.
  void announce(ModelRow& model, std::optional<Error> error, Turn turn) {
    model.announced = true;
    turn.out.emplace_back(ModelReady{model.index, std::move(error)});
  }

  /// One worker whose load has made no progress for too long.
  std::optional<WorkerId> pop_overdue(TimePoint now) {
    const std::chrono::milliseconds patience =
        std::max(state_.options.connection.load_timeout, std::chrono::milliseconds(1));
    while (const auto id = load_timeouts_.pop_due(now)) {
      const WorkerRow* worker = state_.tables.workers.find(*id);
      if (!worker || worker->ready) continue;
      const TimePoint due = worker->load.due(patience);
      if (due <= now) return id;
      load_timeouts_.push(std::min<TimePoint>(due, now + patience), *id);
    }
    return std::nullopt;
  }

  /// As many tabs as the scaling policy wants: launches what is missing, or drains one that is too many.
  void scale(Turn turn) {
    const PoolLoad load = pool_load(state_, fleet_, turn.now);
    const PoolOptions& options = state_.options;
    const std::size_t before = fleet_.staying();
    const std::size_t wanted =
        std::min(std::max(state_.policies->desired(load), options.min_connections), options.max_connections);
    fleet_.launch_up_to(wanted, turn);
    if (!fleet_.own_tabs_left(0)) fleet_.launch({}, turn);
    if (load.connections + load.starting > wanted && fleet_.own_tabs_left(1))
      if (const auto surplus = fleet_.most_dispensable()) removal_.drain(*surplus, turn);
    if (fleet_.staying() != before && !options.sinks.empty()) turn.out.emplace_back(Scales{before, wanted});
  }

  /// A model that finds only busy tabs would wait as long as the others have work. So after a while a tab gives it a
  /// turn: the least busy one gets no more requests until it is idle, and then the memory policy is asked again.
  void relieve_starving(TimePoint now) {
    for (const auto& each : state_.tables.models) {
      if (!each) continue;
      ModelRow& model = *each;
      if (model.obstacle != Obstacle::busy || model.present() > 0 ||
          (model.announced && state_.policies->waiting(model.index) == 0)) {
        model.starving_since.reset();
      } else if (!model.starving_since) {
        model.starving_since = now;
      } else if (now - *model.starving_since >= starvation_limit) {
        model.starving_since = now;
        if (const auto tab = fleet_.least_busy(model)) {
          state_.tables.yield(*tab, model.index);
          state_.marks.mark(*tab, state_.tables.connections[*tab]);
        }
      }
    }
  }

  std::uint64_t evictions() const noexcept { return placement_.evictions(); }

  Setbacks setbacks;

 private:
  static constexpr std::chrono::seconds starvation_limit{2};

  /// The kinds of browsers of which a new tab could hold the model, an empty list meaning all; nothing when none could.
  std::optional<std::span<const Browser>> launchable(const ModelRow& model, TimePoint now) {
    if (model.spec.placing.same_browser_as.empty() && !model.rests(now)) return model.spec.browsers;
    kinds_.clear();
    for (Browser kind : fleet_.launches.kinds()) {
      const bool fits = model.spec.browsers.empty() || std::ranges::count(model.spec.browsers, kind) > 0;
      if (fits && !model.rests_in(kind, now) && state_.tables.neighbours.welcome_in(kind, model.spec.placing))
        kinds_.push_back(kind);
    }
    return kinds_.empty() ? std::nullopt : std::optional<std::span<const Browser>>(kinds_);
  }

  /// Whether results are to be checked, and an own tab could do it that does not hold the model yet.
  bool lacks_own_tab(const ModelRow& model) const {
    return state_.checks_guests() && model.own.empty() && model.lane.size() > 0 &&
           std::ranges::any_of(model.placeable.tabs(), [this](ConnectionIndex each) {
             return state_.tables.states[each.value].trust == Trust::own;
           });
  }

  /// The model will be nowhere: what waits for it ends with the reasons, also what the scheduler holds back.
  void give_up(ModelRow& model, Turn turn) {
    const Error error = fleet_.why_nowhere(model, turn.now);
    if (!model.announced) announce(model, error, turn);
    while (const RequestRow* row = requests_.next(model).row) requests_.complete(row->request.id, error, turn);
    if (state_.policies->waiting(model.index) == 0) return;
    state_.tables.requests.for_each([&](RequestId id, const RequestRow& row) {
      if ((row.phase == RequestRow::Phase::waits || row.phase == RequestRow::Phase::pauses) &&
          row.request.model == model.index)
        requests_.complete(id, error, turn);
    });
  }

  State& state_;
  Fleet& fleet_;
  Requests& requests_;
  Removal& removal_;
  Placement placement_;
  Expiries<WorkerId> load_timeouts_;
  std::vector<Browser> kinds_;
};

}  // namespace webpool::engine
