#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/engine/actions.hpp>
#include <webpool/testing/events.hpp>
#include <webpool/testing/ledger.hpp>
#include <webpool/testing/random.hpp>
#include <webpool/testing/simulated_rows.hpp>
#include <webpool/testing/tab_kinds.hpp>
#include <webpool/testing/usage.hpp>

namespace webpool::testing {

/// The tabs of a simulation, which obey the engine: an action goes in, and the event that follows from it is pushed. A
/// worker runs one request at a time, as a page does; other requests in flight wait.
class SimulatedTabs : private SimulatedRows {
 public:
  SimulatedTabs(std::vector<TabKind> kinds, std::uint64_t seed, Events& events, Ledger& ledger)
      : kinds_(std::move(kinds)), seed_(seed), events_(events), ledger_(ledger) {
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind)
      for (std::size_t i = 0; i < kinds_[kind].attached; ++i) events_.push(events_.now(), event::Join{kind, {}});
  }

  std::vector<Browser> launchable() const { return kinds_.launchable(); }

  void add_model(ModelIndex index, const std::string& name, std::size_t bytes) {
    if (index.value >= models_.size()) models_.resize(index.value + 1);
    models_[index.value] = {name, bytes, 0, models_[index.value].loads};
  }

  // --- actions

  void obey(const engine::Launch& action) {
    const auto kind = kinds_.next(action.browser);
    if (!kind) return events_.push(events_.now(), event::LaunchFails{action.launch});
    launches_[action.launch] = {*kind, events_.now(), {}};
    usage_.opened();
    Random random = stream(action.launch.value, launch_streams);
    events_.push(events_.now() + kinds_[*kind].start_up(random), event::Join{*kind, action.launch});
  }

  void obey(const engine::CloseBrowser& action) {
    const auto launch = launches_.find(action.launch);
    if (launch == launches_.end()) return;
    if (launch->second.tab) erase_tab(*launch->second.tab);
    usage_.closed(events_.now() - launch->second.since);
    launches_.erase(launch);
  }

  void obey(const engine::OpenWorker& action) {
    Tab& tab = tabs_.at(action.connection);
    const Model& model = models_[action.model.value];
    const auto found = kinds_[tab.kind].models.find(model.name);
    const SimulatedModel* speed = found == kinds_[tab.kind].models.end() ? nullptr : &found->second;
    workers_[action.worker] = {action.connection, action.model, speed, 0, false, {}};
    tab.workers.push_back(action.worker);
    Random random = stream(action.worker.value, load_streams);
    events_.push(events_.now() + (speed ? speed->load(random) : Duration(0)), event::LoadEnds{action.worker});
  }

  void obey(const engine::CloseWorker& action) {
    const auto worker = workers_.find(action.worker);
    if (worker == workers_.end()) return;
    std::erase(tabs_.at(action.connection).workers, action.worker);
    Line& line = line_of(worker->second);
    const bool runs = !line.empty() && line.front().worker == action.worker;
    std::erase_if(line, [&](const Sent& each) { return each.worker == action.worker; });
    erase_worker(worker);
    if (runs && kinds_[tabs_.at(action.connection).kind].one_run_at_a_time)
      start_next(tabs_.at(action.connection).line);
  }

  void obey(const engine::CloseConnection& action) {
    if (const auto tab = tabs_.find(action.connection); tab != tabs_.end()) erase_tab(action.connection);
  }

  void obey(const engine::ReloadPage& action) { come_back(action.connection); }
  void obey(const engine::NewTab& action) { come_back(action.connection); }

  void obey(const engine::Ping& action) { events_.push(events_.now(), event::Pong{action.connection}); }

  void obey(const engine::Run& action) {
    Worker& worker = workers_.at(action.worker);
    const std::size_t number =
        ledger_.sent(action.request, worker.tab, kinds_[tabs_.at(worker.tab).kind].browser, worker.speed->backend);
    Line& line = line_of(worker);
    line.push_back({action.worker, action.request, number});
    if (line.size() == 1) start_next(line);
  }

  /// A run that is computing goes on to its end, as in a page; one that waits is dropped. Both are answered.
  void obey(const engine::CancelRun& action) {
    const auto worker = workers_.find(action.worker);
    if (worker == workers_.end()) return;
    Line& line = line_of(worker->second);
    const auto waits = [&](const Sent& each) { return each.request == action.request; };
    if (line.empty() || waits(line.front())) return;
    if (std::erase_if(line, waits) > 0)
      events_.push(events_.now(), event::Answer{action.worker, action.request, errc::cancelled});
  }

  // --- events

  /// What the tab says when it joins; empty if its browser was closed before.
  std::optional<BrowserInfo> hello(const event::Join& join) const {
    if (join.launch && !launches_.contains(*join.launch)) return std::nullopt;
    BrowserInfo info = kinds_[join.kind].says;
    info.browser = kinds_[join.kind].browser;
    info.simulated = true;
    return info;
  }

  void joined(const event::Join& join, ConnectionId id) {
    tabs_[id] = {join.kind, join.launch, events_.now(), 0, {}, {}};
    if (join.launch) {
      launches_.at(*join.launch).tab = id;
    } else {
      usage_.opened();
    }
    if (const auto between = kinds_[join.kind].mean_time_between_crashes; between.count() > 0) {
      Random random = stream(id.value, crash_streams);
      events_.push(events_.now() + duration_of(seconds_of(between) * random.exponential()), event::Crash{id});
    }
  }

  bool answers(ConnectionId tab) const { return tabs_.contains(tab); }
  const PageHints& hints(ConnectionId tab) const { return kinds_[tabs_.at(tab).kind].hints; }

  struct Loss {
    std::optional<LaunchId> launch;
  };
  /// The tab crashes; empty if it is already gone.
  std::optional<Loss> crashed(ConnectionId id) {
    const auto tab = tabs_.find(id);
    if (tab == tabs_.end()) return std::nullopt;
    const Loss loss{tab->second.launch};
    erase_tab(id);
    if (loss.launch) {
      usage_.closed(events_.now() - launches_.at(*loss.launch).since);
      launches_.erase(*loss.launch);
    }
    return loss;
  }

  struct Load {
    enum class End : unsigned char { loaded, impossible, out_of_memory } end;
    ConnectionId tab;
    Backend backend;
    std::size_t bytes;
  };
  /// How the load ends; empty if its worker was closed before.
  std::optional<Load> load_ends(WorkerId id) {
    const auto found = workers_.find(id);
    if (found == workers_.end()) return std::nullopt;
    Worker& worker = found->second;
    if (!worker.speed) return Load{Load::End::impossible, worker.tab, {}, 0};
    Tab& tab = tabs_.at(worker.tab);
    Model& model = models_[worker.model.value];
    worker.bytes = worker.speed->memory > 0 ? worker.speed->memory : model.bytes;
    tab.bytes += worker.bytes;
    usage_.loaded(worker.bytes);
    worker.ready = true;
    ++model.holders;
    ++model.loads;
    const std::size_t limit = kinds_[tab.kind].memory_limit;
    const bool fits = limit == 0 || tab.bytes <= limit;
    return Load{fits ? Load::End::loaded : Load::End::out_of_memory, worker.tab, worker.speed->backend,
                worker.speed->memory};
  }

  /// The run's answer leaves the page; false if the worker was closed before.
  bool answered(const event::Answer& answer) {
    const auto worker = workers_.find(answer.worker);
    if (worker == workers_.end()) return false;
    if (answer.error == errc::cancelled) return true;
    Line& line = line_of(worker->second);
    line.pop_front();
    if (!line.empty()) start_next(line);
    return true;
  }

  // --- figures

  /// Tabs that hold the model.
  std::size_t holders(ModelIndex model) const {
    return model.value < models_.size() ? models_[model.value].holders : 0;
  }
  std::uint64_t loads(ModelIndex model) const { return models_[model.value].loads; }
  std::size_t models() const noexcept { return models_.size(); }
  std::size_t peak_memory() const noexcept { return usage_.peak_bytes(); }
  std::size_t peak_browsers() const noexcept { return usage_.peak_open(); }
  /// Sum over tabs, from launch (or joining) to closing, or until now.
  double browser_minutes() const {
    Duration sum = usage_.time();
    for (const auto& [id, launch] : launches_) sum += events_.now() - launch.since;
    for (const auto& [id, tab] : tabs_)
      if (!tab.launch) sum += events_.now() - tab.since;
    return seconds_of(sum) / 60;
  }

 private:
  enum : std::uint64_t { request_streams, launch_streams, load_streams, crash_streams, reload_streams };

  /// A stream for each thing, so that what happens to it does not depend on the others, and two policies can be
  /// compared with the same luck.
  Random stream(std::uint64_t thing, std::uint64_t kind) const { return Random(seed_, thing * 8 + kind); }

  Line& line_of(Worker& worker) {
    Tab& tab = tabs_.at(worker.tab);
    return kinds_[tab.kind].one_run_at_a_time ? tab.line : worker.line;
  }

  void start_next(Line& line) {
    if (line.empty()) return;
    const Sent& run = line.front();
    const Worker& worker = workers_.at(run.worker);
    const TabKind& kind = kinds_[tabs_.at(worker.tab).kind];
    Random random = stream(run.number, request_streams);
    const TimePoint now = events_.now();
    const bool crashes = random.uniform() < worker.speed->crash_per_run;
    const bool fails = random.uniform() < worker.speed->failure_per_run;
    const double drift = kind.drifted(models_[worker.model.value].name, ledger_.since_start(now));
    const TimePoint end = now + duration_of(seconds_of(worker.speed->service(random)) * drift);
    ledger_.started(run.request, now);
    if (crashes) return events_.push(end, event::Crash{worker.tab});
    events_.push(end, event::Answer{run.worker, run.request, fails ? std::optional(errc::run_failed) : std::nullopt});
  }

  void erase_worker(std::unordered_map<WorkerId, Worker>::iterator worker) {
    Worker& gone = worker->second;
    if (gone.ready) --models_[gone.model.value].holders;
    tabs_.at(gone.tab).bytes -= gone.bytes;
    usage_.unloaded(gone.bytes);
    workers_.erase(worker);
  }

  /// The page takes as long to join again as its browser took to start.
  void come_back(ConnectionId id) {
    const auto tab = tabs_.find(id);
    if (tab == tabs_.end()) return;
    const event::Join again{tab->second.kind, tab->second.launch};
    erase_tab(id);
    Random random = stream(id.value, reload_streams);
    events_.push(events_.now() + kinds_[again.kind].start_up(random), event::Join{again});
  }

  void erase_tab(ConnectionId id) {
    const auto tab = tabs_.find(id);
    for (WorkerId worker : tab->second.workers) erase_worker(workers_.find(worker));
    if (tab->second.launch) {
      launches_.at(*tab->second.launch).tab.reset();
    } else {
      usage_.closed(events_.now() - tab->second.since);
    }
    tabs_.erase(tab);
  }

  TabKinds kinds_;
  std::uint64_t seed_;
  Events& events_;
  Ledger& ledger_;
  std::vector<Model> models_;  // by index
  std::unordered_map<LaunchId, Launched> launches_;
  std::unordered_map<ConnectionId, Tab> tabs_;
  std::unordered_map<WorkerId, Worker> workers_;
  Usage usage_;
};

}  // namespace webpool::testing
