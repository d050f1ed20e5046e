#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>
#include <webpool/engine/engine.hpp>
#include <webpool/engine/policy_set.hpp>
#include <webpool/policies/memory/lru_budget.hpp>
#include <webpool/policies/scaling/fixed.hpp>
#include <webpool/policies/scheduling/fifo.hpp>
#include <webpool/policies/selector/first_fit.hpp>

namespace rig {

using namespace std::chrono_literals;
using namespace webpool;
using namespace webpool::engine;

inline BrowserInfo browser(Browser kind, std::string version = "1.0") {
  BrowserInfo info;
  info.browser = kind;
  info.version = std::move(version);
  return info;
}

inline ModelSpec model(std::string name, std::vector<Browser> browsers = {}, std::size_t replicas = 1,
                       std::size_t bytes = 100) {
  return {.name = std::move(name),
          .task = Task::other,
          .bytes = bytes,
          .browsers = std::move(browsers),
          .replicas = replicas};
}

// What a request or a load ended with.
inline errc code(const std::optional<Error>& error) { return static_cast<errc>(error.value().code().value()); }
inline bool says(const std::optional<Error>& error, const char* text) {
  return error.value().message().find(text) != std::string::npos;
}

/// Launches chromium, at most 4 tabs, none unasked; no run is tried again.
inline PoolOptions launching() {
  PoolOptions options;
  options.min_connections = 0;
  options.browsers = {Browser::chromium};
  options.retries.attempts = 1;
  return options;
}

/// Only tabs that people open; no run is tried again.
inline PoolOptions attached() {
  PoolOptions options;
  options.min_connections = 0;
  options.launch_browsers = false;
  options.retries.attempts = 1;
  return options;
}

/// The engine's rooms, each of which may be tested without the others, and tables to put things into.
struct Rooms {
  explicit Rooms(PoolOptions options)
      : Rooms(std::move(options),
              make_policy_set<selector::FirstFit, scaling::Fixed, memory::LruBudget, scheduling::Fifo>()) {}
  Rooms(PoolOptions options, std::unique_ptr<Decisions> policies) : state(std::move(options), std::move(policies)) {}

  State state;
  Tables& tables = state.tables;
  Fleet fleet{state};
  Requests requests{state};
  Dispatch dispatch{state, requests};
  Removal removal{state, fleet, requests};
  Supply supply{state, fleet, requests, removal};
  Repair repair{state, fleet, removal, supply};
  Workers workers{state, fleet, requests, removal, supply, repair};
  TimePoint now{1000s};
  Actions out;

  Turn turn() { return {now, out}; }
  /// A tab that somebody opened.
  ConnectionId guest(Browser kind = Browser::chromium) {
    return tables.add_connection(browser(kind), std::nullopt, now);
  }
  /// A tab of a browser that was launched at that time.
  ConnectionId launched(TimePoint when) {
    const LaunchId launch = fleet.launches.start(Browser::chromium, when + 30s);
    BrowserInfo info = browser(Browser::chromium);
    info.launched = true;
    const ConnectionId id = tables.add_connection(std::move(info), launch, when);
    fleet.launches.joined(launch, id);
    return id;
  }
  ConnectionId launched() { return launched(now); }
  /// The tab holds the model.
  WorkerId hold(ModelRow& row, ConnectionId tab, TimePoint when) {
    const WorkerId worker = tables.open_worker(row, tab, when);
    tables.worker_ready(worker, Backend::wasm, 0, when);
    return worker;
  }
  WorkerId hold(ModelRow& row, ConnectionId tab) { return hold(row, tab, now); }
  RequestId submit(const ModelRow& row, Duration deadline = Duration::max()) {
    Request request{.model = row.index};
    if (deadline != Duration::max()) request.deadline = now + deadline;
    return requests.submit(request, {}, turn());
  }
  /// The actions of one kind so far.
  template <class A>
  std::vector<A> said() const {
    std::vector<A> all;
    for (const Action& action : out)
      if (const A* each = std::get_if<A>(&action)) all.push_back(*each);
    return all;
  }
};

/// An engine with a manual clock, and the actions that it asked for and nobody has looked at yet.
template <class Selector = selector::FirstFit, class Scaling = scaling::Fixed, class Memory = memory::LruBudget,
          class Queue = scheduling::Fifo>
struct Rig {
  explicit Rig(PoolOptions options) : engine(std::move(options), make_policy_set<Selector, Scaling, Memory, Queue>()) {}

  Engine engine;
  TimePoint now{1000s};
  Actions out;

  /// Takes the actions of one kind, oldest first.
  template <class A>
  std::vector<A> take() {
    std::vector<A> taken;
    Actions rest;
    for (Action& action : out) {
      if (A* wanted = std::get_if<A>(&action)) {
        taken.push_back(std::move(*wanted));
      } else {
        rest.push_back(std::move(action));
      }
    }
    out = std::move(rest);
    return taken;
  }

  ConnectionId join(Browser kind = Browser::chromium) {
    return engine.joined(browser(kind), std::nullopt, {now, out}).value();
  }
  ConnectionId join(LaunchId launch, Browser kind = Browser::chromium) {
    return engine.joined(browser(kind), launch, {now, out}).value();
  }

  /// Every worker that was opened loads its model.
  std::vector<OpenWorker> load_all(std::size_t bytes = 0) {
    std::vector<OpenWorker> all;
    for (auto opened = take<OpenWorker>(); !opened.empty(); opened = take<OpenWorker>())
      for (const OpenWorker& each : opened) {
        engine.loaded(each.worker, Backend::webgpu, bytes, {now, out});
        all.push_back(each);
      }
    return all;
  }

  RequestId submit(ModelIndex index, std::optional<Duration> deadline = std::nullopt, int priority = 0,
                   std::size_t payload_bytes = 0) {
    Request request;
    request.payload_bytes = payload_bytes;
    request.model = index;
    request.priority = priority;
    if (deadline) request.deadline = now + *deadline;
    return engine.submit(request, {now, out});
  }

  bool finish(const Run& run) { return engine.finished({run.worker, run.request, nullptr}, {now, out}); }
  bool fail(const Run& run, errc code = errc::run_failed) {
    const Error error(code, "as told");
    return engine.finished({run.worker, run.request, &error}, {now, out});
  }

  void tick(Duration later = 0s) {
    now += later;
    engine.tick({now, out});
  }
};

/// A rig with one attached tab that holds one model.
struct OneTab : Rig<> {
  explicit OneTab(PoolOptions options = attached()) : Rig(std::move(options)) {
    digits = engine.add_model(model("digits"), {now, out});
    tab = join();
    worker = load_all().at(0).worker;
    out.clear();
  }
  ModelIndex digits;
  ConnectionId tab;
  WorkerId worker;
};

}  // namespace rig
