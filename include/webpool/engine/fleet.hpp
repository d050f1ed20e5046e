#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/engine/actions.hpp>
#include <webpool/engine/launches.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/tables.hpp>
#include <webpool/engine/turn.hpp>
#include <webpool/metrics.hpp>
#include <webpool/options.hpp>

namespace webpool::engine {

/// The engine's state and those decisions in which no policy takes part: what may be launched, what can be spared, why
/// a model is nowhere. A base of `Engine`, and not a template.
class Fleet {
 protected:
  explicit Fleet(PoolOptions options)
      : options_(effective(std::move(options))),
        tables_(options_.connection.requests_in_flight, options_.connection.bytes_in_flight),
        launches_(options_.launch_browsers ? options_.browsers : std::vector<Browser>{}) {}

  // --- browsers

  /// Tabs that have joined and browsers that start.
  std::size_t occupied() const { return tables_.connections.size() + launches_.starting(); }

  /// Without the tabs that drain.
  std::size_t staying() const { return occupied() - tables_.draining; }

  /// False when the pool is full or no kind of `wanted` can be launched now.
  bool launch(std::span<const Browser> wanted, Turn turn) {
    if (occupied() >= options_.max_connections) return false;
    const auto kind = launches_.choose(wanted, turn.now);
    if (!kind) return false;
    turn.out.emplace_back(Launch{
        launches_.start(*kind, turn.now + options_.connection.connect_timeout, std::exchange(restart_, {})), *kind});
    ++counters_.launches;
    return true;
  }

  void launch_up_to(std::size_t tabs, Turn turn) {
    while (staying() < tabs && launch({}, turn)) {
    }
  }

  void end_browser(LaunchId launch, Actions& out) {
    out.emplace_back(CloseBrowser{launch});
    launches_.erase(launch);
  }

  void prove(ConnectionId id) {
    ConnectionRow& row = *tables_.connections.find(id);
    if (row.launch && !row.proven) launches_.succeeded(launches_.find(*row.launch)->browser);
    row.proven = true;
  }

  void expire_launches(Turn turn) {
    while (const auto id = launches_.pop_overdue(turn.now)) {
      const Browser kind = launches_.find(*id)->browser;
      launches_.failed(
          kind,
          Error(errc::connect_timeout, std::string(to_string(kind)) + ": its page did not connect within " +
                                           seconds(options_.connection.connect_timeout)),
          turn.now);
      if (const auto& attempt = launches_.find(*id)->attempt) recovery_.failed(*attempt);
      end_browser(*id, turn.out);
    }
  }

  // --- models

  /// Tabs that a model is to be loaded in before it is ready.
  std::size_t replicas(const ModelRow& model) const {
    return std::clamp<std::size_t>(model.spec.replicas, 1, std::max<std::size_t>(options_.max_connections, 1));
  }

  /// A load that takes its worker or tab along may do so everywhere: after three in a row the model rests. One that has
  /// run before does so only for a moment: there something else went wrong.
  void note_lost_load(ModelRow& model, ConnectionId connection, const Error& reason, TimePoint now) {
    model.add_reason(prefixed(described(tables_.state(connection).browser), reason));
    if (++model.lost_loads >= lost_loads_tolerated)
      model.resting_until = now + (model.has_run() ? std::chrono::seconds(1) : rest_after_lost_loads);
  }

  /// Without browsers of its own, the pool waits for people to open the link, until some who did could not load the
  /// model.
  bool awaits_tabs(const ModelRow& model) const {
    return !options_.launch_browsers && !model.spec.own_tabs_only && model.failed_on.empty();
  }

  Error why_nowhere(const ModelRow& model, TimePoint now) {
    std::vector<Error> reasons = model.reasons;
    std::ranges::move(launches_.last_words(model.spec.browsers, now), std::back_inserter(reasons));
    if (!reasons.empty()) return combined(quoted(model) + " can't be loaded", reasons);
    std::vector<Browser> there;
    tables_.connections.for_each([&](ConnectionId id, const ConnectionRow&) {
      const Browser kind = tables_.state(id).browser.browser;
      if (std::ranges::find(there, kind) == there.end()) there.push_back(kind);
    });
    return {errc::no_browser_found, quoted(model) + " wants " + listed(model.spec.browsers, "any browser") +
                                        (model.spec.own_tabs_only ? ", launched by the pool (own_tabs_only)" : "") +
                                        "; joined: " + listed(there, "none") +
                                        "; can be launched: " + listed(launches_.kinds(), "none") + "; at most " +
                                        std::to_string(options_.max_connections) + " connections"};
  }

  // --- tabs

  bool loads(const ConnectionRow& row) const {
    return std::ranges::any_of(row.workers, [this](WorkerId id) { return !tables_.workers.find(id)->ready; });
  }

  /// Whether somebody has handles of tensors in it.
  bool holds_tensors(const ConnectionRow& row) const {
    return std::ranges::any_of(row.workers, [this](WorkerId id) { return tables_.workers.find(id)->tensors > 0; });
  }

  /// The launched tab to part with: fewest requests in flight, then unused for longest. None while a model is still
  /// being loaded for the first time, and none that a model needs for its replicas or that holds tensors.
  std::optional<ConnectionId> most_dispensable() {
    if (std::ranges::any_of(tables_.models, [](const auto& each) { return each && !each->announced; }))
      return std::nullopt;
    std::optional<ConnectionId> best;
    const auto rank = [this](ConnectionId id) {
      return std::pair(tables_.state(id).in_flight, tables_.connections.find(id)->last_used);
    };
    tables_.connections.for_each([&](ConnectionId id, const ConnectionRow& row) {
      const bool needed = std::ranges::any_of(row.workers, [this](WorkerId worker) {
        const WorkerRow& placed = *tables_.workers.find(worker);
        const ModelRow& model = tables_.model_of(placed);
        return !placed.ready || placed.tensors > 0 || model.lane.size() <= replicas(model);
      });
      if (row.launch && !row.draining && !needed && (!best || rank(id) < rank(*best))) best = id;
    });
    return best;
  }

  /// The tab that could soonest be idle and take the model: none that yields already or still loads something.
  std::optional<ConnectionId> least_busy(const ModelRow& model) const {
    std::optional<ConnectionId> best;
    for (ConnectionIndex each : model.placeable.tabs()) {
      const ConnectionId id = tables_.connections.id_at(each.value);
      const ConnectionRow& row = *tables_.connections.find(id);
      const auto in_flight = [this](ConnectionId tab) { return tables_.states[Tables::index_of(tab).value].in_flight; };
      if (!row.yields_to && !loads(row) && (!best || in_flight(id) < in_flight(*best))) best = id;
    }
    return best;
  }

  /// Time heals: `interval` has passed.
  void forgive(ConnectionRow& row, std::chrono::milliseconds interval) {
    row.failures.forgive(interval);
    for (WorkerId each : row.workers) tables_.workers.find(each)->failures.forgive(interval);
  }

  /// Brings up to date how well the tab does, and each of its models there.
  void assess(ConnectionId id) {
    ConnectionRow& row = *tables_.connections.find(id);
    ConnectionState& tab = tables_.state(id);
    reliability::Vitals vitals{.unanswered_pings = row.unanswered_pings, .timer_lag_ms = row.timer_lag_ms};
    if (const std::size_t budget = options_.memory.bytes_per_connection; budget > 0)
      vitals.memory_share = static_cast<double>(tab.memory_bytes) / static_cast<double>(budget);
    row.slowdown = 1;
    for (WorkerId each : row.workers) {
      const WorkerRow& worker = *tables_.workers.find(each);
      if (!worker.ready) continue;
      ModelRow& model = tables_.model_of(worker);
      vitals.failures = worker.failures.value();
      vitals.slowdown = worker.drift.slowdown();
      // What slows all tabs down alike is nobody's fault.
      if (model.lane.size() > 1)
        vitals.slowdown = std::min(vitals.slowdown, worker.drift.slowdown_against(worker.experience->drift));
      row.slowdown = std::max(row.slowdown, vitals.slowdown);
      model.healths[Tables::index_of(id).value] = static_cast<float>(reliability::health(vitals));
    }
    vitals.failures = row.failures.value();
    vitals.slowdown = row.slowdown;
    tab.health = reliability::health(vitals);
  }

  // --- figures

  PoolLoad load(TimePoint now) const {
    return {.now = now,
            .min_connections = options_.min_connections,
            .max_connections = options_.max_connections,
            .connections = tables_.connections.size() - tables_.draining,
            .starting = launches_.starting(),
            .in_flight = tables_.in_flight,
            .capacity = tables_.places * tables_.limit,
            .queued = tables_.requests.size() - tables_.running,
            .submitted = counters_.submitted,
            .memory_bytes = tables_.memory};
  }

  Metrics sums(std::uint64_t evictions) const {
    Metrics all = counters_;
    all.connections = tables_.connections.size();
    all.starting = launches_.starting();
    all.models = static_cast<std::size_t>(
        std::ranges::count_if(tables_.models, [](const auto& each) { return each != nullptr; }));
    all.workers = tables_.workers.size();
    all.queued = tables_.requests.size() - tables_.running;
    all.in_flight = tables_.running;
    all.memory_bytes = tables_.memory;
    all.evictions = evictions;
    return all;
  }

  std::vector<ExecutionStats> execution_stats() const {
    std::vector<ExecutionStats> all;
    for (const auto& model : tables_.models) {
      if (!model) continue;
      for (const Experience& each : model->experiences)
        all.push_back({model->spec.name, each.browser, each.backend, each.latency.count(), each.failed,
                       each.latency.quantile_ms(0.50), each.latency.quantile_ms(0.95), each.latency.mean_ms()});
    }
    return all;
  }

  std::vector<RecoveryStats> recovery_stats() const { return recovery_.stats(); }

  std::vector<ConnectionInfo> connections() const {
    std::vector<ConnectionInfo> all;
    tables_.connections.for_each([&](ConnectionId id, const ConnectionRow&) {
      const ConnectionState& tab = tables_.states[Tables::index_of(id).value];
      all.push_back({id, tab.browser, tab.health, tab.in_flight, tab.models, tab.memory_bytes, tab.completed,
                     tab.failed, tab.trust, tab.agreements, tab.hints});
    });
    return all;
  }

  const PoolOptions options_;
  Tables tables_;
  Launches launches_;
  Recovery recovery_;
  std::optional<Attempt> restart_;  // that the next launch is part of
  Metrics counters_;                // only the counters; the rest is read off the tables

 private:
  static constexpr unsigned lost_loads_tolerated = 3;
  static constexpr std::chrono::seconds rest_after_lost_loads{30};

  static PoolOptions effective(PoolOptions options) {
    if (options.memory.low_memory_mode) {
      options.memory.models_per_connection = 1;
      options.connection.requests_in_flight = 1;
    }
    options.connection.requests_in_flight = std::max(options.connection.requests_in_flight, 1u);
    return options;
  }
};

}  // namespace webpool::engine
