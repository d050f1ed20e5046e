#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <webpool/run_sink.hpp>

#include "rig.hpp"

// Whoever includes this has a REQUIRE: Catch2's, or one that aborts.

namespace rig {

/// Options as users might choose them.
template <class Random>
PoolOptions any_options(Random& random) {
  const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
  PoolOptions options;
  options.min_connections = random() % 3;
  options.max_connections = options.min_connections + 1 + random() % 5;
  options.browsers = {Browser::chromium, Browser::firefox};
  options.launch_browsers = !one_in(3);
  options.connection.requests_in_flight = static_cast<unsigned>(1 + random() % 3);
  options.connection.bytes_in_flight = 100 * (random() % 4);
  options.connection.error_threshold = static_cast<unsigned>(random() % 4);
  if (one_in(2)) options.connection.idle_timeout = 2s;
  if (one_in(2)) options.connection.load_timeout = 3s;
  if (one_in(2)) options.connection.message_timeout = 3s;
  if (one_in(2)) options.connection.connect_timeout = 3s;
  if (one_in(2)) options.connection.maximum_age = 20s;
  if (one_in(2)) options.memory.bytes_per_connection = 300;
  if (one_in(2)) options.memory.models_per_connection = 2;
  options.memory.low_memory_mode = one_in(5);
  options.guests.recheck_share = static_cast<double>(random() % 4) / 3;
  options.guests.proven_after = static_cast<unsigned>(random() % 4);
  options.retries.attempts = static_cast<unsigned>(1 + random() % 4);
  options.retries.burst = static_cast<unsigned>(random() % 20);
  if (one_in(2)) options.sinks = {std::make_shared<RunSink>()};
  if (one_in(3))
    options.browser_preferences = {{Task::vision, {Browser::firefox}},
                                   {Task::audio, {Browser::safari, Browser::chromium}}};
  return options;
}

inline constexpr Browser kinds[] = {Browser::chromium, Browser::firefox, Browser::safari};

/// Tabs, browsers and callers that do what the engine says, and check that it could be done. `Random` is any function
/// object that returns unsigned numbers.
template <class Rig, class Random>
struct World {
  struct Tab {
    std::optional<LaunchId> launch;
    std::set<WorkerId> workers;
    bool liar = false;  // its answers are wrong, which shows when they are computed again
  };
  struct Held {
    ConnectionId guest;
    bool wrong;
  };
  struct Worker {
    ConnectionId tab;
    ModelIndex model;
    std::size_t bytes = 0;
    bool ready = false;
    std::size_t tensors = 0;
    std::map<RequestId, std::size_t> runs;  // and the bytes of its inputs
  };

  World(PoolOptions options, Random source)
      : limit(options.memory.low_memory_mode ? 1 : options.connection.requests_in_flight),
        max(options.max_connections),
        byte_limit(options.connection.bytes_in_flight),
        checks(options.guests.recheck_share > 0),
        rig(std::move(options)),
        random(std::move(source)) {}

  const std::size_t limit, max, byte_limit;
  const bool checks;  // guests are
  Rig rig;
  Random random;
  std::map<LaunchId, bool> launches;  // whether its tab has joined
  std::map<ConnectionId, Tab> tabs;
  std::map<WorkerId, Worker> workers;
  std::map<RequestId, ModelIndex> pending;
  std::map<RequestId, std::size_t> payloads;
  std::set<RequestId> told;        // there was news of their run
  std::map<RequestId, Held> held;  // the results that wait to be checked
  std::map<RequestId, WorkerId> pinned;
  std::set<ModelIndex> private_models;
  std::map<ModelIndex, Placing> placings;
  std::set<ModelIndex> models, unannounced;
  std::map<ModelIndex, std::size_t> bytes_of;  // expected of the next load
  std::vector<ConnectionId> doomed;            // tabs that close when the engine's other actions are carried out
  std::vector<RequestId> ended;
  std::vector<WorkerId> doubted;  // workers whose end will be told
  std::size_t ends = 0, submitted = 0;
  ConnectionId replied_in{};           // the tab of the last reply
  std::optional<ConnectionId> caught;  // a guest that this reply shows to be wrong

  std::size_t draw(std::size_t bound) { return random() % bound; }
  bool chance(int percent) { return draw(100) < static_cast<std::size_t>(percent); }
  template <class Map>
  auto any(Map& map) {
    return std::next(map.begin(), static_cast<std::ptrdiff_t>(draw(map.size())));
  }

  void drop_worker(WorkerId id) {
    const auto found = workers.find(id);
    tabs.at(found->second.tab).workers.erase(id);
    workers.erase(found);
  }

  void drop_tab(ConnectionId id) {
    const auto inside = tabs.at(id).workers;
    for (WorkerId worker : inside) drop_worker(worker);
    tabs.erase(id);
  }

  /// `replied`: the request whose good reply the engine was just told.
  void obey(std::optional<RequestId> replied = std::nullopt) {
    for (const Action& action : rig.out) std::visit([&](const auto& each) { carry_out(each, replied); }, action);
    rig.out.clear();
    check();
  }

  void carry_out(const Launch& action, std::optional<RequestId>) {
    REQUIRE(starting() + tabs.size() - doomed.size() < max);
    REQUIRE(launches.emplace(action.launch, false).second);
  }
  void carry_out(const CloseBrowser& action, std::optional<RequestId>) { REQUIRE(launches.erase(action.launch) == 1); }
  void carry_out(const OpenWorker& action, std::optional<RequestId>) {
    REQUIRE(there(action.connection));
    REQUIRE(models.contains(action.model));
    for (WorkerId other : tabs.at(action.connection).workers) {
      REQUIRE(workers.at(other).model != action.model);
      REQUIRE_FALSE(apart(placings[action.model], placings[workers.at(other).model]));
    }
    REQUIRE((tabs.at(action.connection).launch || !private_models.contains(action.model)));
    REQUIRE(
        workers.emplace(action.worker, Worker{action.connection, action.model, bytes_of.at(action.model), false, 0, {}})
            .second);
    tabs.at(action.connection).workers.insert(action.worker);
  }
  void carry_out(const CloseWorker& action, std::optional<RequestId>) {
    REQUIRE(workers.contains(action.worker));
    REQUIRE(workers.at(action.worker).tab == action.connection);
    drop_worker(action.worker);
  }
  void carry_out(const CloseConnection& action, std::optional<RequestId>) {
    REQUIRE(there(action.connection));
    doomed.push_back(action.connection);
  }
  void carry_out(const ReloadPage& action, std::optional<RequestId>) {
    REQUIRE(there(action.connection));
    if (const auto launch = tabs.at(action.connection).launch) launches.at(*launch) = false;
    doomed.push_back(action.connection);
  }
  void carry_out(const NewTab& action, std::optional<RequestId>) {
    REQUIRE(launches.at(action.launch));
    launches.at(action.launch) = false;
    if (there(action.connection)) doomed.push_back(action.connection);
  }
  void carry_out(const Ping& action, std::optional<RequestId>) { REQUIRE(there(action.connection)); }
  void carry_out(const webpool::engine::Run& action, std::optional<RequestId>) {
    Worker& worker = workers.at(action.worker);
    REQUIRE(worker.ready);
    REQUIRE(pending.at(action.request) == worker.model);
    REQUIRE_FALSE(std::ranges::count(doubted, action.worker));
    REQUIRE_FALSE(told.contains(action.request));
    REQUIRE((tabs.at(worker.tab).launch || !held.contains(action.request)));
    REQUIRE((!pinned.contains(action.request) || pinned.at(action.request) == action.worker));
    for (const auto& [id, other] : workers)
      REQUIRE((!there(other.tab) || !other.runs.contains(action.request)));  // in one place at a time
    REQUIRE((byte_limit == 0 || bytes_in_flight(worker.tab) < byte_limit));
    worker.runs.emplace(action.request, payloads.at(action.request));
    REQUIRE(worker.runs.size() <= limit);
  }
  void carry_out(const CancelRun& action, std::optional<RequestId>) {
    REQUIRE(workers.at(action.worker).runs.contains(action.request));
  }
  void carry_out(const Repairs& action, std::optional<RequestId>) { REQUIRE_FALSE(action.message.empty()); }
  void carry_out(const Scales& action, std::optional<RequestId>) { REQUIRE(action.wanted <= max); }
  void carry_out(const HoldResult& action, std::optional<RequestId> replied) {
    REQUIRE(action.request == replied);
    REQUIRE(pending.contains(action.request));
    REQUIRE_FALSE(tabs.at(replied_in).launch);
    REQUIRE_FALSE(pinned.contains(action.request));
    REQUIRE_FALSE(told.contains(action.request));
    REQUIRE(held.emplace(action.request, Held{replied_in, tabs.at(replied_in).liar}).second);
  }
  void carry_out(const Complete& action, std::optional<RequestId> replied) {
    REQUIRE(pending.erase(action.request) == 1);
    REQUIRE((action.error || action.held || action.request == replied));
    REQUIRE((!action.held || held.contains(action.request)));
    if (replied == action.request && held.contains(action.request)) {
      REQUIRE(action.held == !held.at(action.request).wrong);  // what is wrong does not pass a check
      caught = held.at(action.request).wrong ? std::optional(held.at(action.request).guest) : std::nullopt;
    }
    held.erase(action.request);
    told.erase(action.request);
    ended.push_back(action.request);
    ++ends;
  }
  void carry_out(const ModelReady& action, std::optional<RequestId>) { REQUIRE(unannounced.erase(action.model) == 1); }

  std::size_t bytes_in_flight(ConnectionId tab) const {
    std::size_t sum = 0;
    for (WorkerId each : tabs.at(tab).workers)
      for (const auto& [request, bytes] : workers.at(each).runs) sum += bytes;
    return sum;
  }
  bool there(ConnectionId tab) const { return tabs.contains(tab) && !std::ranges::count(doomed, tab); }
  std::size_t starting() const {
    return static_cast<std::size_t>(std::ranges::count_if(launches, [](const auto& each) { return !each.second; }));
  }

  /// The engine's sums are the world's.
  void check() {
    for (ConnectionId tab : doomed) drop_tab(tab);
    doomed.clear();
    const Metrics sums = rig.engine.metrics();
    REQUIRE(sums.connections == tabs.size());
    REQUIRE(sums.starting == starting());
    REQUIRE(sums.workers == workers.size());
    REQUIRE(sums.models == models.size());
    REQUIRE(sums.queued + sums.in_flight == pending.size());
    REQUIRE(sums.submitted == submitted);
    REQUIRE(sums.completed + sums.failed + sums.cancelled + sums.expired == ends);
    std::size_t bytes = 0, running = 0;
    for (const auto& [id, worker] : workers) {
      bytes += worker.bytes;
      running += static_cast<std::size_t>(
          std::ranges::count_if(worker.runs, [&](const auto& each) { return pending.contains(each.first); }));
    }
    REQUIRE(sums.memory_bytes == bytes);
    REQUIRE(sums.in_flight == running);
  }

  // --- events

  void add_model() {
    std::vector<Browser> only;
    if (chance(40)) only.push_back(kinds[draw(3)]);
    ModelSpec spec = model("m", only, 1 + draw(3));
    spec.task = static_cast<Task>(draw(3));
    if (chance(10)) spec.bytes = 400;
    spec.own_tabs_only = chance(10);
    if (chance(30)) spec.placing = any_placing();
    const Placing placing = spec.placing;
    const bool is_private = spec.own_tabs_only;
    const std::size_t bytes = spec.bytes;
    const ModelIndex index = rig.engine.add_model(std::move(spec), {rig.now, rig.out});
    models.insert(index);
    unannounced.insert(index);
    is_private ? void(private_models.insert(index)) : void(private_models.erase(index));
    bytes_of[index] = bytes;
    placings[index] = placing;
    obey();
  }

  Placing any_placing() {
    const char* const groups[] = {"a", "b"};
    Placing placing;
    if (chance(80)) placing.group = groups[draw(2)];
    if (chance(60)) placing.apart_from.emplace_back(groups[draw(2)]);
    if (chance(30)) placing.same_browser_as.emplace_back(groups[draw(2)]);
    return placing;
  }

  /// Whether one of two wants to be apart from the other.
  static bool apart(const Placing& one, const Placing& other) {
    const auto shuns = [](const Placing& who, const Placing& whom) {
      return !whom.group.empty() && std::ranges::count(who.apart_from, whom.group) > 0;
    };
    return shuns(one, other) || shuns(other, one);
  }

  void remove_model() {
    const ModelIndex index = *any(models);
    models.erase(index);
    unannounced.erase(index);
    rig.engine.remove_model(index, {rig.now, rig.out});
    obey();
  }

  void submit() {
    const ModelIndex index = chance(95) && !models.empty() ? *any(models) : ModelIndex{77};
    std::optional<Duration> deadline;
    if (chance(30)) deadline = std::chrono::milliseconds(draw(400));
    const std::size_t payload = 60 * draw(4);
    const RequestId id = rig.submit(index, deadline, static_cast<int>(draw(3)), payload);
    ++submitted;
    payloads[id] = payload;
    REQUIRE(pending.emplace(id, index).second);
    obey();
  }

  /// For one worker alone, which may be gone, or be another model's.
  void submit_pinned() {
    const WorkerId worker = chance(90) ? any(workers)->first : WorkerId{1 + draw(1 << 22)};  // 0 would be none
    const auto there = workers.find(worker);
    const ModelIndex index = there != workers.end() && chance(95) ? there->second.model : ModelIndex{0};
    Request request{.model = index};
    if (chance(30)) request.deadline = rig.now + std::chrono::milliseconds(draw(400));
    const RequestId id = rig.engine.submit(request, {rig.now, rig.out}, {.bound_to = worker});
    ++submitted;
    payloads[id] = 0;
    pinned[id] = worker;
    REQUIRE(pending.emplace(id, index).second);
    obey();
  }

  /// Results leave a tensor in a worker, or callers let go of one.
  void retain() {
    const auto& [id, worker] = *any(workers);
    if (!worker.ready) return;
    const auto tensors = worker.tensors > 0 && chance(50) ? std::ptrdiff_t{-1} : std::ptrdiff_t{1};
    workers.at(id).tensors += static_cast<std::size_t>(tensors);
    workers.at(id).bytes += static_cast<std::size_t>(10 * tensors);
    if (tensors > 0)
      rig.engine.kept(id, 10);
    else
      rig.engine.dropped(id, 10, nullptr, {rig.now, rig.out});
    obey();
  }

  void cancel() {
    const bool stale = pending.empty() || (chance(20) && !ended.empty());
    if (stale && ended.empty()) return;
    rig.engine.cancel(stale ? ended[draw(ended.size())] : any(pending)->first, {rig.now, rig.out});
    obey();
  }

  void join(std::optional<LaunchId> launch, Browser kind) {
    const auto id = rig.engine.joined(browser(kind), launch, {rig.now, rig.out});
    if (launch) {
      REQUIRE(id.has_value() == !launches.at(*launch));
      launches.at(*launch) = true;
    } else {
      REQUIRE((!id || tabs.size() < max));
      REQUIRE((id || tabs.size() + 1 >= max));
      if (!checks) REQUIRE(id.has_value() == (tabs.size() < max));
    }
    if (id) tabs[*id] = {launch, {}, !launch && chance(30)};
    obey();
  }

  void leave() {
    const ConnectionId id = any(tabs)->first;
    doomed.push_back(id);
    rig.engine.left(id, Error(errc::connection_lost, "gone"), {rig.now, rig.out});
    obey();
  }

  void exit() {
    const LaunchId id = any(launches)->first;
    rig.engine.exited(id, Error(errc::launch_failed, "died"), {rig.now, rig.out});
    launches.erase(id);
    obey();
  }

  void load(int success) {
    const auto& [id, worker] = *any(workers);
    const WorkerId which = id;
    if (chance(success)) {
      const std::size_t bytes = chance(50) ? 0 : 50 + draw(100);
      if (!worker.ready) {
        workers.at(which).ready = true;
        if (bytes > 0) workers.at(which).bytes = bytes_of[worker.model] = bytes;
      }
      rig.engine.loaded(which, Backend::wasm, bytes, {rig.now, rig.out});
    } else if (chance(70)) {
      rig.engine.load_failed(which, Error(errc::load_failed, "no"), {rig.now, rig.out});
    } else {
      if (chance(50)) rig.engine.worker_in_doubt(which);
      rig.engine.worker_lost(which, Error(errc::connection_lost, "crash"), {rig.now, rig.out});
    }
    obey();
  }

  void reply(int success) {
    std::vector<std::pair<WorkerId, RequestId>> runs;
    for (const auto& [id, worker] : workers)
      for (const auto& [each, bytes] : worker.runs) runs.emplace_back(id, each);
    if (runs.empty()) return;
    const auto run = runs[draw(runs.size())];
    const WorkerId worker = run.first;
    const RequestId request = run.second;
    const bool good = chance(success), awaited = pending.contains(request);
    constexpr errc codes[] = {errc::run_failed, errc::device_lost, errc::wrong_shape, errc::cancelled};
    const Error error(codes[draw(4)], "no"), differs(errc::run_failed, "differs");
    workers.at(worker).runs.erase(request);
    replied_in = workers.at(worker).tab;
    const bool shows = held.contains(request) && held.at(request).wrong;
    const Check check{static_cast<double>(draw(100)) / 100, shows ? &differs : nullptr};
    REQUIRE(rig.engine.finished({worker, request, good ? nullptr : &error, true, check}, {rig.now, rig.out}) ==
            awaited);
    if (good && shows && awaited) {
      // Its other results count for nothing.
      const ConnectionId guest = held.at(request).guest;
      std::erase_if(held, [&](const auto& each) { return each.first != request && each.second.guest == guest; });
    }
    obey(good ? std::optional(request) : std::nullopt);
    if (caught) REQUIRE_FALSE(tabs.contains(*caught));
    caught.reset();
  }

  void news() {
    const auto worker = any(workers);
    const auto& runs = worker->second.runs;
    const RequestId request = runs.empty() ? RequestId{draw(1 << 22)} : any(runs)->first;
    const bool awaited = pending.contains(request) && !runs.empty();
    REQUIRE(rig.engine.progressed(worker->first, request, rig.now) == awaited);
    if (awaited) told.insert(request);
    obey();
  }

  /// A worker's link closes; later, or never before its tab leaves, it is lost.
  void doubt() {
    const WorkerId id = any(workers)->first;
    rig.engine.worker_in_doubt(id);
    doubted.push_back(id);
    obey();
  }
  void settle() {
    for (const WorkerId id : std::exchange(doubted, {})) {
      rig.engine.worker_lost(id, Error(errc::connection_lost, "crash"), {rig.now, rig.out});
      obey();
    }
  }

  void load_news() {
    const LoadNews news{static_cast<LoadStage>(draw(5)), draw(3), 2};
    rig.engine.load_progressed(any(workers)->first, news, rig.now);
    obey();
  }

  void stale_reply() {
    REQUIRE_FALSE(
        rig.engine.finished({WorkerId{draw(1 << 22)}, RequestId{draw(1 << 22)}, nullptr}, {rig.now, rig.out}));
    obey();
  }

  /// Once around the clock: the engine gets its start, `events` events, and, where browsers can be launched, peace.
  void live(int events, bool launchable) {
    rig.engine.start({rig.now, rig.out});
    obey();
    for (int i = 0; i < events; ++i) anything();
    if (launchable) recover();
    close();
  }

  void tick(Duration later) {
    settle();
    rig.tick(later);
    obey();
  }

  void anything() {
    switch (draw(17)) {
      case 0: return chance(30) && models.size() < 6 ? add_model() : void();
      case 1: return chance(10) && !models.empty() ? remove_model() : void();
      case 2:
      case 3:
      case 4: return submit();
      case 5: return cancel();
      case 6: return chance(30) ? join(std::nullopt, kinds[draw(3)]) : void();
      case 7: return launches.empty() ? void() : join(any(launches)->first, kinds[draw(3)]);
      case 8: return chance(15) && !tabs.empty() ? leave() : void();
      case 9: return chance(15) && !launches.empty() ? exit() : void();
      case 10: return workers.empty() ? void() : load(80);
      case 11: return reply(80);
      case 12:
        if (!tabs.empty() && chance(80)) rig.engine.heard(any(tabs)->first);
        return chance(10) ? stale_reply() : void();
      case 13: return workers.empty() ? void() : submit_pinned();
      case 14: return workers.empty() ? void() : retain();
      case 15:
        if (workers.empty()) return;
        if (chance(20)) return doubt();
        return chance(50) ? news() : load_news();
      default: return tick(std::chrono::milliseconds(chance(5) ? draw(40'000) : draw(300)));
    }
  }

  /// From here on all goes well: then no request may wait for ever.
  void recover() {
    for (auto& [id, worker] : workers) {  // what is kept is in the way of models that are nowhere
      const auto tensors = static_cast<std::ptrdiff_t>(std::exchange(worker.tensors, 0));
      worker.bytes -= static_cast<std::size_t>(10 * tensors);
      for (auto left = tensors; left > 0; --left) rig.engine.dropped(id, 10, nullptr, {rig.now, rig.out});
    }
    for (int round = 0; round < 1000 && !pending.empty(); ++round) {
      std::vector<LaunchId> waiting;
      for (const auto& [id, joined] : launches)
        if (!joined) waiting.push_back(id);
      for (LaunchId id : waiting)
        if (launches.contains(id)) join(id, Browser::other);
      for (int i = 0; i < 30; ++i) {
        for (const auto& [id, tab] : tabs) rig.engine.heard(id);
        if (!workers.empty()) load(100);
        reply(100);
      }
      tick(100ms);
    }
    REQUIRE(pending.empty());
  }

  void close() {
    rig.engine.close({rig.now, rig.out});
    models.clear();
    obey();
    REQUIRE(pending.empty());
    REQUIRE(tabs.empty());
    REQUIRE(workers.empty());
    REQUIRE(launches.empty());
    REQUIRE(unannounced.empty());
    REQUIRE(ends == submitted);
  }
};

}  // namespace rig
