#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/detail/logger.hpp>
#include <webpool/driver/address.hpp>
#include <webpool/driver/batcher.hpp>
#include <webpool/driver/browsers.hpp>
#include <webpool/driver/departures.hpp>
#include <webpool/driver/engine_port.hpp>
#include <webpool/driver/event_loop.hpp>
#include <webpool/driver/flight_log.hpp>
#include <webpool/driver/inbox.hpp>
#include <webpool/driver/loader.hpp>
#include <webpool/driver/message_handlers.hpp>
#include <webpool/driver/outbox.hpp>
#include <webpool/driver/pending_requests.hpp>
#include <webpool/driver/refusals.hpp>
#include <webpool/driver/residents.hpp>
#include <webpool/driver/roster.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/driver/sinks.hpp>
#include <webpool/driver/starter.hpp>
#include <webpool/driver/tab_inbox.hpp>
#include <webpool/driver/worker_inbox.hpp>
#include <webpool/engine/decisions.hpp>
#include <webpool/metrics.hpp>
#include <webpool/options.hpp>
#include <webpool/page_message.hpp>
#include <webpool/transport/link.hpp>

namespace webpool::driver {

/// The pool's half of the wire, whatever the transport: all rooms of the driver, wired. Events come in, whether from
/// callers, pages, browsers or the clock; each ends with `pump`, which carries out what the engine wants done. All
/// functions are called in the pool's loop; knows no thread, no socket and no file.
///
/// Its rooms know those below them, never those above: `Roster` and `EnginePort` at the bottom, on them `Loader`, then
/// `Departures`, then `Starter`, `Outbox`, `TabInbox` and `WorkerInbox`, and `Inbox` on top.
class Host {
 public:
  /// `pool` and `options` must outlive the host. Throws `errc::no_browser_found`.
  Host(Runtime& pool, EventLoop& loop, const PoolOptions& options, std::unique_ptr<engine::Decisions> policies)
      : loop_(loop),
        options_(options),
        logger_(options.log_level, options.log),
        flights_(logger_, options.flight_record),
        address_{options.address, options.public_origin},
        browsers_(options, logger_, loop.context(),
                  [this](LaunchId launch, const std::string& reason) { page_gone(launch, reason); }),
        port_(engine_options(), std::move(policies)),
        roster_(flights_),
        batches_(loop.context(), options.memory.low_memory_mode ? 1 : options.connection.requests_in_flight, logger_,
                 {.start = [this](NewRequest&& run) { starter_.enqueue(std::move(run)); },
                  .cancel = [this](RequestId run) { port_.engine.cancel(run, port_.turn()); },
                  .woke = [this] { pump(); }}),
        messages_(logger_),
        refusals_(roster_, logger_),
        loader_({options_, logger_, port_, roster_, browsers_, batches_, sinks_}),
        departures_({logger_, port_, roster_, residents_, loader_, browsers_, sinks_}),
        starter_({pool, port_, pending_, residents_, batches_}),
        outbox_(
            {options_, logger_, pool, port_, roster_, pending_, residents_, loader_, departures_, browsers_, sinks_},
            {.launch = [this](const engine::Launch& action) { return launch(action); },
             .open_tab = [this](LaunchId launch) { open_tab(launch); }}),
        tabs_({options_, logger_, address_, port_, roster_, refusals_, departures_, browsers_, messages_, sinks_}),
        workers_({options_, logger_, pool, port_, roster_, pending_, residents_, loader_}),
        inbox_({logger_, roster_, refusals_, departures_, tabs_, workers_}) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // --- the clock

  /// Pages find the pool at that port: returns the link for them. Call once, first; the only one out of the loop.
  std::string reached_at(std::uint16_t port) {
    address_.port = port;
    return address_.join_url();
  }

  /// Launches the first browsers.
  void start() {
    logger_.info("listening on " + address_.local_origin());
    port_.engine.start(port_.turn());
    pump();
  }

  /// Call about ten times per second.
  void tick(TimePoint now) {
    departures_.bury_browsers(now);
    if (stopping_) return port_.actions.clear();
    port_.engine.tick(port_.turn(now));
    pump();
    refusals_.answer_next();
  }

  /// Ends everything; what links and browsers still say is of no interest. `is_empty` tells when all are gone.
  void begin_shutdown() {
    batches_.close();
    port_.engine.close(port_.turn());
    pump();
    stopping_ = true;
    roster_.close_links("the pool is closed");
  }
  bool is_empty() const noexcept { return !roster_.has_links() && browsers_.empty(); }

  /// Ends the browsers that are left and lets go of what callers gave, which may own the pool.
  void clear() {
    browsers_.close_all();
    tabs_.clear();
    messages_.clear();
    loader_.clear();
  }

  // --- links

  /// What a transport calls. They refer to the host.
  transport::LinkHandlers link_handlers() {
    return {.opened = [this](std::shared_ptr<transport::Link> link,
                             transport::Channel channel) { opened(std::move(link), channel); },
            .received = [this](transport::Link& from, std::span<const std::byte> frame,
                               std::shared_ptr<const void> owner) { received(from, frame, std::move(owner)); },
            .closed = [this](transport::Link& link, const std::string& reason) { closed(link, reason); }};
  }

  // --- requests

  void submit(NewRequest&& request) {
    starter_.submit(std::move(request));
    pump();
  }
  void generate(NewRequest&& request) {
    starter_.generate(std::move(request));
    pump();
  }
  void copy(const TensorCopy& of, Completion done) {
    starter_.copy(of, std::move(done));
    pump();
  }
  void cancel(Ticket& ticket) {
    ticket.cancelled = true;
    if (!batches_.cancel(ticket)) port_.engine.cancel(ticket.request, port_.turn());
    pump();
  }
  void release(WorkerId worker, TensorId tensor) {
    outbox_.release(worker, tensor);
    pump();
  }

  // --- models

  void load(Loader::Part part) {
    loader_.add(std::move(part), Failing::leaves);
    pump();
  }
  std::vector<ModelIndex> load_parts(std::vector<Loader::Part> parts) {
    auto indices = loader_.add_parts(std::move(parts));
    pump();
    return indices;
  }
  void release(ModelIndex model) {
    loader_.release(model);
    pump();
    loader_.forget(model);
  }
  const Loader& models() const noexcept { return loader_; }

  // --- messages

  void on_join(TabInbox::JoinHandler handler) { tabs_.on_join(std::move(handler)); }
  void on_message(std::string name, MessageHandler handler) { messages_.set(std::move(name), std::move(handler)); }

  /// Sends a frame to this tab, or without one to all; returns how many it went to.
  std::size_t send_frame(std::optional<ConnectionId> to, std::string frame) {
    if (stopping_) return 0;
    if (to) return outbox_.send_frame(*to, std::move(frame)) ? 1 : 0;
    return outbox_.broadcast_frame(frame);
  }

  // --- what it knows

  const engine::Engine& engine() const noexcept { return port_.engine; }
  Metrics metrics() const {
    Metrics metrics = port_.engine.metrics();
    messages_.add_to(metrics);
    residents_.add_to(metrics);
    metrics.model_cache_hits = loader_.cache_hits();
    return metrics;
  }

 private:
  PoolOptions engine_options() const {
    PoolOptions options = options_;
    options.browsers = browsers_.kinds();
    return options;
  }

  /// Carries out what the engine wants done, and what follows from that, in order. Does nothing where it runs already.
  void pump() {
    if (std::exchange(pumping_, true)) return;
    for (std::size_t i = 0; i < port_.actions.size(); ++i) {
      const engine::Action action = std::move(port_.actions[i]);
      outbox_.carry_out(action);
    }
    port_.actions.clear();
    pumping_ = false;
  }

  void opened(std::shared_ptr<transport::Link> link, transport::Channel channel) {
    Peer& peer = roster_.add(std::move(link), channel);
    if (stopping_) peer.close("the pool is closed");
  }

  void received(transport::Link& from, std::span<const std::byte> frame, std::shared_ptr<const void> owner) {
    if (stopping_) return;
    inbox_.received(from, frame, std::move(owner));
    pump();
  }

  void closed(const transport::Link& link, const std::string& reason) {
    if (stopping_) {
      if (Peer* const peer = roster_.find(link)) roster_.drop(*peer);
      return;
    }
    inbox_.closed(link, reason);
    pump();
  }

  void page_gone(LaunchId launch, const std::string& reason) {
    if (stopping_) return;
    departures_.page_gone(launch, reason);
    pump();
  }

  std::optional<Error> launch(const engine::Launch& action) {
    std::optional<Error> error;
    loop_.run_on_own(
        [&] { error = browsers_.launch(action.launch, action.browser, address_.launch_url(action.launch)); });
    return error;
  }

  void open_tab(LaunchId launch) {
    browsers_.new_tab(launch, address_.launch_url(launch), [this, launch](const std::optional<Error>& failed) {
      if (!failed || stopping_) return;
      departures_.tab_not_opened(launch, *failed);
      pump();
    });
  }

  EventLoop& loop_;
  const PoolOptions& options_;
  const webpool::detail::Logger logger_;
  const FlightLog flights_;
  const Sinks sinks_{options_.sinks, logger_};
  Address address_;
  Browsers browsers_;
  EnginePort port_;
  Roster roster_;
  PendingRequests pending_;
  Residents residents_;
  Batcher batches_;
  MessageHandlers messages_;
  Refusals refusals_;
  Loader loader_;
  Departures departures_;
  Starter starter_;
  Outbox outbox_;
  TabInbox tabs_;
  WorkerInbox workers_;
  Inbox inbox_;
  bool pumping_ = false, stopping_ = false;
};

}  // namespace webpool::driver
