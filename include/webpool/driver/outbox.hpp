#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/detail/logger.hpp>
#include <webpool/driver/browsers.hpp>
#include <webpool/driver/departures.hpp>
#include <webpool/driver/engine_port.hpp>
#include <webpool/driver/loader.hpp>
#include <webpool/driver/pending_requests.hpp>
#include <webpool/driver/resident_tensor.hpp>
#include <webpool/driver/residents.hpp>
#include <webpool/driver/roster.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/driver/sinks.hpp>
#include <webpool/engine/actions.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>
#include <webpool/outputs.hpp>
#include <webpool/protocol/messages.hpp>

namespace webpool::driver {

/// Carries out what the engine wants done: each action becomes messages to tabs and workers, orders to browsers, or a
/// caller's answer. Touches what it writes to: roster, pending requests, residents, loader, browsers. In the pool's
/// loop.
class Outbox {
 public:
  struct Uses {
    const PoolOptions& options;
    const webpool::detail::Logger& logger;
    const Runtime& runtime;  ///< the pool, to know its tensors by
    EnginePort& port;
    Roster& roster;
    PendingRequests& pending;
    Residents& residents;
    Loader& loader;
    Departures& departures;
    Browsers& browsers;
    const Sinks& sinks;
  };
  /// What takes a thread or comes to an end later, which is for the host.
  struct Orders {
    /// Why the browser could not be started; empty when it runs.
    std::function<std::optional<Error>(const engine::Launch&)> launch;
    std::function<void(LaunchId)> open_tab;
  };

  Outbox(const Uses& uses, Orders orders) : uses_(uses), orders_(std::move(orders)) {}

  void carry_out(const engine::Action& action) {
    std::visit([this](const auto& each) { this->carry_out(each); }, action);
  }

  /// Nobody refers any more to a tensor that a worker holds.
  void release(WorkerId worker, TensorId tensor) {
    if (!free(worker, tensor)) return;
    if (Peer* const peer = uses_.roster.worker(worker).peer) peer->send(protocol::Release{{&tensor, 1}});
  }

  /// Sends a frame to a tab; false when that is not there, or does not read.
  bool send_frame(ConnectionId to, std::string frame) {
    const Tab* const tab = uses_.roster.find(to);
    if (!tab || !reads(*tab)) return false;
    tab->peer->send_frame(std::move(frame));
    return true;
  }

  /// Sends a frame to all tabs that read; returns how many that are.
  std::size_t broadcast_frame(const std::string& frame) {
    std::size_t count = 0;
    uses_.roster.for_each_tab([&](const Tab& tab) {
      if (!reads(tab)) return;
      tab.peer->send_frame(frame);
      ++count;
    });
    return count;
  }

 private:
  // --- browsers

  void carry_out(const engine::Launch& action) {
    const auto error = orders_.launch(action);
    if (!error) return;
    uses_.logger.info(error->message());
    uses_.port.engine.exited(action.launch, *error, uses_.port.turn());
  }

  void carry_out(const engine::CloseBrowser& action) { uses_.browsers.close(action.launch, Clock::now()); }

  // --- tabs

  /// What a tab does not read stays in this program's memory.
  bool reads(const Tab& tab) const {
    return tab.peer->link()->buffered() <= uses_.options.connection.maximum_message_bytes;
  }

  void carry_out(const engine::CloseConnection& action) {
    Tab* const tab = uses_.roster.find(action.connection);
    if (!tab) return;
    uses_.logger.info("closing the tab in " + describe(tab->browser) + ": " + action.message);
    if (action.failed) uses_.roster.report(*tab, action.message);
    tab->peer->send(protocol::Close{action.message});
    uses_.departures.remove(*tab, action.message);
  }

  void carry_out(const engine::NewTab& action) {
    uses_.logger.info("opening another tab: " + action.message);
    if (Tab* const tab = uses_.roster.find(action.connection)) {
      uses_.roster.report(*tab, action.message);
      uses_.departures.remove(*tab, action.message);
    }
    uses_.browsers.expect_page(action.launch);
    orders_.open_tab(action.launch);
  }

  void carry_out(const engine::ReloadPage& action) {
    Tab* const tab = uses_.roster.find(action.connection);
    if (!tab) return;
    if (tab->launch) uses_.browsers.expect_page(*tab->launch);
    uses_.logger.info("reloading the page in " + describe(tab->browser) + ": " + action.message);
    uses_.roster.report(*tab, action.message);
    tab->peer->send(protocol::Reload{action.message});
    uses_.departures.remove(*tab, action.message);
  }

  void carry_out(const engine::Ping& action) {
    uses_.roster.tab(action.connection).peer->send(protocol::Ping{++pings_});
  }

  // --- workers

  void carry_out(const engine::OpenWorker& action) {
    const Worker& worker = uses_.loader.open_worker(action.worker, action.connection, action.model);
    uses_.roster.tab(action.connection)
        .peer->send(protocol::OpenWorker{worker.id, worker.key, uses_.loader.may_use_webnn(worker)});
  }

  void carry_out(const engine::CloseWorker& action) {
    Worker* const worker = uses_.roster.find(action.worker);
    if (!worker) return;
    Tab* const tab = uses_.roster.find(action.connection);
    if (action.trouble && tab) uses_.roster.report(*tab, action.trouble->message());
    if (action.trouble && action.trouble->code() == errc::timed_out && worker->where)
      uses_.loader.hung(*worker, action.trouble->message());
    uses_.departures.remove(*worker, "the worker is no longer needed");
    if (tab) tab->peer->send(protocol::CloseWorker{action.worker});
  }

  // --- requests

  void carry_out(const engine::Run& action) {
    PendingRequest& request = uses_.pending.at(action.request);
    const Worker& worker = uses_.roster.worker(action.worker);
    if (uses_.sinks) request.note_run(worker.where);
    Peer& to = *worker.peer;
    if (request.copy) return to.send(protocol::Fetch{action.request, request.copy->tensor});
    const std::span inputs(request.inputs);
    const auto there = std::ranges::find_if(inputs, [](const auto& each) { return each.tensor.device() != nullptr; });
    if (request.generation) {
      protocol::Generate message{action.request, {inputs.begin(), there}, request.generation->options, request.part};
      if (!request.kept.empty()) message.keep = request.kept[0];
      if (there != inputs.end()) message.resume = use_up(*resident(there->tensor, uses_.runtime));
      return to.send(message);
    }
    std::vector<protocol::TensorReference> used, keep;
    for (const auto& [name, tensor] : std::span(there, inputs.end())) {
      used.push_back({name, resident(tensor, uses_.runtime)->id()});
      uses_.residents.note_reuse(tensor.device()->bytes());
    }
    for (std::size_t i = 0; i < request.kept.size(); ++i)
      keep.push_back({request.options.keep_on_device[i], request.kept[i]});
    to.send(protocol::Run{action.request, {inputs.begin(), there}, request.options.outputs, request.part, used, keep});
  }

  void carry_out(const engine::CancelRun& action) {
    if (Peer* const peer = uses_.roster.worker(action.worker).peer) peer->send(protocol::Cancel{action.request});
  }

  void carry_out(const engine::HoldResult& action) {
    PendingRequest& request = uses_.pending.at(action.request);
    request.held = std::move(request.outputs);
  }

  void carry_out(const engine::Complete& action) {
    PendingRequest request = uses_.pending.take(action.request);
    if (uses_.sinks && !request.copy) record(request, action);
    if (action.error) return request.done(*action.error);
    if (!action.held) return request.done(std::move(request.outputs));
    RunTimes times = request.held.times();
    times.total = request.milliseconds(Clock::now());
    request.done(Outputs({request.held.begin(), request.held.end()}, request.held.shared_where(), times));
  }

  void carry_out(const engine::ModelReady& action) { uses_.loader.announce(action.model, action.error); }

  // --- sinks

  void carry_out(const engine::Repairs& action) {
    uses_.sinks.tell(&RunSink::repaired,
                     {action.connection, *action.browser, action.trouble, action.rung, action.message});
  }

  void carry_out(const engine::Scales& action) { uses_.sinks.tell(&RunSink::scaled, {action.before, action.wanted}); }

  /// Tells of a request that ends.
  void record(const PendingRequest& request, const engine::Complete& action) const {
    RunRecord record{.model = uses_.loader.name(request.model, request.part),
                     .where = request.ran_in.get(),
                     .rows = request.rows(),
                     .runs = request.runs,
                     .error = action.error ? &*action.error : nullptr};
    if (!action.error) {
      const Outputs& result = action.held ? request.held : request.outputs;
      record.where = result.shared_where().get();
      record.times = result.times();
    }
    record.times.total = request.milliseconds(Clock::now());
    uses_.sinks.tell(&RunSink::ran, record);
  }

  // --- tensors in workers

  /// The bytes that this frees there; empty when the tensor went before.
  std::optional<std::size_t> free(WorkerId worker, TensorId tensor) {
    const auto freed = uses_.residents.release(worker, tensor);
    if (!freed) return std::nullopt;
    uses_.port.engine.dropped(worker, freed->bytes, freed->placing, uses_.port.turn());
    return freed->bytes;
  }

  /// The page takes this text for a generation, whatever comes of that.
  protocol::TextReference use_up(const ResidentTensor& text) {
    text.lose();
    if (const auto bytes = free(text.worker(), text.id())) uses_.residents.note_reuse(*bytes);
    return {text.id(), static_cast<std::uint64_t>(text.shape()[0])};
  }

  const Uses uses_;
  const Orders orders_;
  std::uint64_t pings_ = 0;
};

}  // namespace webpool::driver
