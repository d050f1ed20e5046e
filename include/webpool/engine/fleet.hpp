#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/engine/launches.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/turn.hpp>

namespace webpool::engine {

/// The browsers that the pool starts and ends, and which tab it could do without.
class Fleet {
 public:
  explicit Fleet(State& state)
      : launches(state.options.launch_browsers ? state.options.browsers : std::vector<Browser>{}), state_(state) {}

  /// Tabs that have joined and browsers that start.
  std::size_t occupied() const { return state_.tables.connections.size() + launches.starting(); }

  /// Without the tabs that drain.
  std::size_t staying() const { return occupied() - state_.tables.draining; }

  /// Whether the pool has more own tabs that stay than so many, or needs none because guests are not checked.
  bool own_tabs_left(std::size_t beyond) const {
    return !state_.checks_guests() || launches.size() - state_.tables.draining > beyond;
  }

  /// False when the pool is full or no kind of `wanted` can be launched now.
  bool launch(std::span<const Browser> wanted, Turn turn) {
    if (occupied() >= state_.options.max_connections) return false;
    const auto kind = launches.choose(wanted, turn.now);
    if (!kind) return false;
    const LaunchId id =
        launches.start(*kind, turn.now + state_.options.connection.connect_timeout, std::exchange(restart_, {}));
    turn.out.emplace_back(Launch{id, *kind});
    ++state_.counters.launches;
    return true;
  }

  void launch_up_to(std::size_t tabs, Turn turn) {
    while (staying() < tabs && launch({}, turn)) {
    }
  }

  /// The next launch is part of that attempt to get a tab out of trouble.
  void restart_as(std::optional<Attempt> attempt) { restart_ = attempt; }

  void end_browser(LaunchId id, Turn turn) {
    turn.out.emplace_back(CloseBrowser{id});
    launches.erase(id);
  }

  /// The tab works: its launch was a success.
  void prove(ConnectionId id) {
    ConnectionRow& row = state_.tables.connections[id];
    if (row.launch && !row.proven) launches.succeeded(launches[*row.launch].browser);
    row.proven = true;
  }

  /// The browser ended, or could not be started, without a page that had joined.
  void lost_before_joining(LaunchId id, const Error& last_words, Turn turn) {
    const Launches::Row& row = launches[id];
    if (row.attempt) {
      state_.recovery.failed(*row.attempt);
      restart_ = Attempt{row.attempt->trouble, Rung::restart_browser, row.attempt->since};
    }
    // A browser that had a page before was launched well.
    if (!row.attempt || row.attempt->rung > Rung::new_tab)
      launches.failed(row.browser, prefixed(std::string(to_string(row.browser)), last_words), turn.now);
    launches.erase(id);
  }

  /// Browsers whose page did not connect in time.
  void tick(Turn turn) {
    while (const auto id = launches.pop_overdue(turn.now)) {
      const Browser kind = launches[*id].browser;
      launches.failed(kind,
                      Error(errc::connect_timeout, std::string(to_string(kind)) + ": its page did not connect within " +
                                                       seconds(state_.options.connection.connect_timeout)),
                      turn.now);
      if (const auto& attempt = launches[*id].attempt) state_.recovery.failed(*attempt);
      end_browser(*id, turn);
    }
  }

  /// Tabs that a model is to be loaded in before it is ready.
  std::size_t replicas(const ModelRow& model) const {
    return std::clamp<std::size_t>(model.spec.replicas, 1, std::max<std::size_t>(state_.options.max_connections, 1));
  }

  /// The launched tab to part with: fewest requests in flight, then unused for longest. None while a model is still
  /// being loaded for the first time, and none that a model needs for its replicas or that holds tensors.
  std::optional<ConnectionId> most_dispensable() {
    Tables& tables = state_.tables;
    if (std::ranges::any_of(tables.models, [](const auto& each) { return each && !each->announced; }))
      return std::nullopt;
    std::optional<ConnectionId> best;
    const auto rank = [&](ConnectionId id) {
      return std::pair(tables.state(id).in_flight, tables.connections[id].last_used);
    };
    tables.connections.for_each([&](ConnectionId id, const ConnectionRow& row) {
      const bool needed = std::ranges::any_of(row.workers, [&](WorkerId worker) {
        const WorkerRow& placed = tables.workers[worker];
        const ModelRow& model = tables.model_of(placed);
        return !placed.ready || placed.tensors > 0 || model.lane.size() <= replicas(model);
      });
      if (row.launch && !row.draining && !needed && (!best || rank(id) < rank(*best))) best = id;
    });
    return best;
  }

  /// The tab that could soonest be idle and take the model: none that yields already or still loads something.
  std::optional<ConnectionId> least_busy(const ModelRow& model) const {
    const Tables& tables = state_.tables;
    std::optional<ConnectionId> best;
    const auto in_flight = [&](ConnectionId tab) { return tables.states[Tables::index_of(tab).value].in_flight; };
    for (ConnectionIndex each : model.placeable.tabs()) {
      const ConnectionId id = tables.connections.id_at(each.value);
      const ConnectionRow& row = tables.connections[id];
      if (!row.yields_to && !tables.loads(row) && (!best || in_flight(id) < in_flight(*best))) best = id;
    }
    return best;
  }

  /// Without browsers of its own, the pool waits for people to open the link, until some who did could not load the
  /// model.
  bool awaits_tabs(const ModelRow& model) const {
    return !state_.options.launch_browsers && !model.spec.own_tabs_only && model.failed_on.empty();
  }

  /// Why no tab holds the model: what its loads and the browsers said, or what there is.
  Error why_nowhere(const ModelRow& model, TimePoint now) {
    std::vector<Error> reasons = model.reasons;
    std::ranges::move(launches.last_words(model.spec.browsers, now), std::back_inserter(reasons));
    if (!reasons.empty()) return combined(quoted(model) + " can't be loaded", reasons);
    std::vector<Browser> there;
    state_.tables.connections.for_each([&](ConnectionId id, const ConnectionRow&) {
      const Browser kind = state_.tables.state(id).browser.browser;
      if (std::ranges::find(there, kind) == there.end()) there.push_back(kind);
    });
    return {errc::no_browser_found, quoted(model) + " wants " + listed(model.spec.browsers, "any browser") +
                                        (model.spec.own_tabs_only ? ", launched by the pool (own_tabs_only)" : "") +
                                        described(model.spec.placing) + "; joined: " + listed(there, "none") +
                                        "; can be launched: " + listed(launches.kinds(), "none") + "; at most " +
                                        std::to_string(state_.options.max_connections) + " connections"};
  }

  Launches launches;

 private:
  State& state_;
  std::optional<Attempt> restart_;
};

}  // namespace webpool::engine
