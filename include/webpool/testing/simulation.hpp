#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
#include <webpool/engine/engine.hpp>
#include <webpool/engine/policy_set.hpp>
#include <webpool/policies/memory/lru_budget.hpp>
#include <webpool/policies/scaling/fixed.hpp>
#include <webpool/policies/scheduling/fifo.hpp>
#include <webpool/policies/selector/first_fit.hpp>
#include <webpool/testing/arrivals.hpp>
#include <webpool/testing/events.hpp>
#include <webpool/testing/ledger.hpp>
#include <webpool/testing/result.hpp>
#include <webpool/testing/simulated_tabs.hpp>

namespace webpool::testing {

struct SimulationSettings {
  std::uint64_t seed = 1;
  PoolOptions options{};  ///< if `browsers` is empty: every kind of `tabs` that isn't attached
  std::vector<TabKind> tabs{};
  std::chrono::nanoseconds tick = std::chrono::milliseconds(100);  ///< between calls of `Engine::tick`
};

/// Runs the pool's engine with these policies over simulated tabs and callers, on a virtual clock: hours take seconds,
/// and the same seed gives the same result. Two simulations that differ in a policy have the same arrivals, and request
/// n has the same luck in both. Add models, then their callers, then run. Not thread-safe.
template <BrowserSelector Selector = selector::FirstFit, ScalingPolicy Scaling = scaling::Fixed,
          MemoryPolicy Memory = memory::LruBudget, Scheduler Queue = scheduling::Fifo>
class Simulation {
 public:
  explicit Simulation(SimulationSettings settings, Selector selector = Selector(), Scaling scaling = Scaling(),
                      Memory memory = Memory(), Queue queue = Queue())
      : seed_(settings.seed),
        tick_(std::max<Duration>(settings.tick, std::chrono::milliseconds(1))),
        events_(start),
        ledger_(start),
        tabs_(std::move(settings.tabs), settings.seed, events_, ledger_),
        engine_(launching(std::move(settings.options), tabs_.launchable()),
                engine::make_policy_set(std::move(selector), std::move(scaling), std::move(memory), std::move(queue))) {
    engine_.start(turn());
    obey();
    events_.push(start + tick_, event::Tick{});
  }
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  ModelIndex add_model(engine::ModelSpec spec) {
    const std::string name = spec.name;
    const std::size_t bytes = spec.bytes;
    const ModelIndex index = engine_.add_model(std::move(spec), turn());
    tabs_.add_model(index, name, bytes);
    obey();
    return index;
  }

  void remove_model(ModelIndex index) {
    engine_.remove_model(index, turn());
    obey();
  }

  template <ArrivalProcess Process>
  void add(Process process) {
    const std::size_t number = processes_.size();
    const auto next = [process, random = Random(seed_, process_streams + number)](Duration after) mutable {
      return process.next(after, random);
    };
    processes_.push_back({process.work, next});
    expect(number);
  }

  void add(const ClosedLoop& loop) {
    for (std::size_t i = 0; i < loop.clients; ++i) {
      Client client{{loop.work}, i, loop.think, Random(seed_, client_streams + clients_.size())};
      client.works.insert(client.works.end(), loop.then.begin(), loop.then.end());
      for (Work& each : client.works) each.options.client += static_cast<std::uint32_t>(i);
      events_.push(events_.now(), event::ClientAsks{clients_.size()});
      clients_.push_back(std::move(client));
    }
  }

  /// Calls `call` when that much time has passed since the start. It may do anything but run the simulation.
  void at(Duration time, std::function<void()> call) { events_.push(start + time, std::move(call)); }

  RequestId submit(const Work& work) {
    Request request;
    request.model = work.model;
    request.priority = work.options.priority;
    request.client = work.options.client;
    if (work.options.deadline) request.deadline = events_.now() + *work.options.deadline;
    request.payload_bytes = work.payload_bytes;
    request.rows = work.rows;
    const bool warm = tabs_.holders(work.model) > 0;
    const RequestId id = engine_.submit(request, turn());
    ledger_.submitted(id, request, warm, events_.now());
    return id;
  }

  void cancel(RequestId request) { engine_.cancel(request, turn()); }

  /// Runs for that much longer. What has not ended by then continues in the next call.
  const Result& run_for(Duration time) {
    const TimePoint end = events_.now() + time;
    obey();
    while (const auto event = events_.pop(end)) {
      std::visit([this](const auto& each) { this->happen(each); }, *event);
      obey();
    }
    return sum_up();
  }

  /// Closes the pool, which ends every request.
  const Result& close() {
    engine_.close(turn());
    obey();
    return sum_up();
  }

  /// Since the start.
  Duration now() const noexcept { return events_.now() - start; }
  /// Ends of requests that had already ended: a defect of the engine.
  std::uint64_t unknown_ends() const noexcept { return ledger_.unknown_ends(); }
  const auto& engine() const noexcept { return engine_; }

 private:
  static constexpr TimePoint start{std::chrono::seconds(1000)};
  static constexpr std::uint64_t process_streams = std::uint64_t{1} << 61, client_streams = std::uint64_t{1} << 62;

  struct Process {
    Work work;
    std::function<std::optional<Duration>(Duration)> next;
  };
  struct Client {
    std::vector<Work> works;
    std::size_t turn;
    Distribution think;
    Random random;
  };

  engine::Turn turn() { return {events_.now(), actions_}; }

  static PoolOptions launching(PoolOptions options, std::vector<Browser> kinds) {
    if (options.browsers.empty()) options.browsers = std::move(kinds);
    if (options.browsers.empty()) options.launch_browsers = false;
    return options;
  }

  // --- events

  void happen(const event::Join& join) {
    auto info = tabs_.hello(join);
    if (!info) return;
    const auto id = engine_.joined(std::move(*info), join.launch, turn());
    if (id) tabs_.joined(join, *id);
  }
  void happen(const event::LaunchFails& failed) {
    engine_.exited(failed.launch, Error(errc::launch_failed, "no kind of tab has this browser"), turn());
  }
  void happen(const event::Pong& pong) {
    if (tabs_.answers(pong.tab)) engine_.heard(pong.tab, 0, tabs_.hints(pong.tab));
  }
  void happen(const event::Crash& crash) { lose(crash.tab, "the tab crashed"); }
  void happen(const event::LoadEnds& load) {
    const auto ended = tabs_.load_ends(load.worker);
    if (!ended) return;
    using End = SimulatedTabs::Load::End;
    if (ended->end == End::out_of_memory) return lose(ended->tab, "the tab ran out of memory");
    if (ended->end == End::loaded) {
      engine_.loaded(load.worker, ended->backend, ended->bytes, turn());
    } else {
      engine_.load_failed(load.worker, Error(errc::no_backend, "this kind of tab doesn't list the model"), turn());
    }
  }
  void happen(const event::Answer& answer) {
    if (!tabs_.answered(answer)) return;
    std::optional<Error> error;
    if (answer.error) error.emplace(*answer.error, "the run failed");
    engine_.finished({answer.worker, answer.request, error ? &*error : nullptr}, turn());
  }
  void happen(const event::Arrival& arrival) {
    submit(processes_[arrival.process].work);
    expect(arrival.process);
  }
  void happen(const event::ClientAsks& asks) {
    Client& client = clients_[asks.client];
    asked_by_[submit(client.works[client.turn++ % client.works.size()])] = asks.client;
  }
  void happen(const event::Tick&) {
    engine_.tick(turn());
    events_.push(events_.now() + tick_, event::Tick{});
  }
  void happen(const std::function<void()>& call) { call(); }

  void lose(ConnectionId tab, const char* why) {
    const auto loss = tabs_.crashed(tab);
    if (!loss) return;
    result_.crash_times.push_back(now());
    const Error error(errc::connection_lost, why);
    if (loss->launch) {
      engine_.exited(*loss->launch, error, turn());
    } else {
      engine_.left(tab, error, turn());
    }
  }

  void expect(std::size_t process) {
    if (const auto next = processes_[process].next(now())) events_.push(start + *next, event::Arrival{process});
  }

  // --- actions

  void obey() {
    for (const engine::Action& action : actions_)
      std::visit([this](const auto& each) { this->carry_out(each); }, action);
    actions_.clear();
  }
  template <class Action>
  void carry_out(const Action& action) {
    tabs_.obey(action);
  }
  void carry_out(const engine::OpenWorker& action) {
    tabs_.obey(action);
    engine_.load_progressed(action.worker, {engine::LoadStage::fetch}, events_.now());
  }
  void carry_out(const engine::Complete& action) {
    ledger_.ended(action.request, action.error, events_.now());
    const auto asked = asked_by_.find(action.request);
    if (asked == asked_by_.end()) return;
    Client& client = clients_[asked->second];
    // A client that is refused at once would ask again for ever.
    const Duration pause = std::max(client.think(client.random), action.error ? tick_ : Duration(0));
    events_.push(events_.now() + pause, event::ClientAsks{asked->second});
    asked_by_.erase(asked);
  }
  void carry_out(const engine::HoldResult&) {}
  void carry_out(const engine::ModelReady&) {}
  void carry_out(const engine::Repairs&) {}
  void carry_out(const engine::Scales&) {}

  const Result& sum_up() {
    result_.length = now();
    result_.requests = ledger_.records();
    result_.metrics = engine_.metrics();
    for (std::uint32_t i = 0; i < tabs_.models(); ++i)
      if (const std::uint64_t loads = tabs_.loads(ModelIndex{i})) result_.loads[ModelIndex{i}] = loads;
    result_.browser_minutes = tabs_.browser_minutes();
    result_.peak_browsers = tabs_.peak_browsers();
    result_.peak_memory = tabs_.peak_memory();
    return result_;
  }

  std::uint64_t seed_;
  Duration tick_;
  Events events_;
  Ledger ledger_;
  SimulatedTabs tabs_;
  engine::Engine engine_;
  engine::Actions actions_;
  std::vector<Process> processes_;
  std::vector<Client> clients_;
  std::unordered_map<RequestId, std::size_t> asked_by_;  // requests of closed loops
  Result result_;
};

}  // namespace webpool::testing
