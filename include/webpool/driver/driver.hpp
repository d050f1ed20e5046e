#pragma once

// The largest header here: one class that turns events into engine calls and actions into I/O, a few lines for each.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>
#include <webpool/detail/logger.hpp>
#include <webpool/detail/token.hpp>
#include <webpool/driver/backlog.hpp>
#include <webpool/driver/batcher.hpp>
#include <webpool/driver/browsers.hpp>
#include <webpool/driver/check_inputs.hpp>
#include <webpool/driver/check_options.hpp>
#include <webpool/driver/check_outputs.hpp>
#include <webpool/driver/disagreement.hpp>
#include <webpool/driver/event_loop.hpp>
#include <webpool/driver/fastest_ways.hpp>
#include <webpool/driver/flight_log.hpp>
#include <webpool/driver/generation_run.hpp>
#include <webpool/driver/load_plan.hpp>
#include <webpool/driver/load_turns.hpp>
#include <webpool/driver/loading_model.hpp>
#include <webpool/driver/message_handlers.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/driver/ort_directory.hpp>
#include <webpool/driver/page_files.hpp>
#include <webpool/driver/page_modules.hpp>
#include <webpool/driver/pending_requests.hpp>
#include <webpool/driver/resident_tensor.hpp>
#include <webpool/driver/residents.hpp>
#include <webpool/driver/response_cache.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/driver/served_file.hpp>
#include <webpool/engine/actions.hpp>
#include <webpool/engine/decisions.hpp>
#include <webpool/engine/engine.hpp>
#include <webpool/engine/model_spec.hpp>
#include <webpool/engine/rechecks.hpp>
#include <webpool/metrics.hpp>
#include <webpool/page_message.hpp>
#include <webpool/protocol/decode.hpp>
#include <webpool/protocol/encode.hpp>
#include <webpool/transport/websocket_server.hpp>

namespace webpool::driver {

/// Owns the pool's event loop, its thread, and everything that lives there: sockets, browsers, the engine. Other
/// threads only post.
class Driver final : public Runtime, public std::enable_shared_from_this<Driver> {
  using Engine = engine::Engine;
  using Server = transport::WebSocketServer;
  using Socket = Server::Socket;
  using Frame = std::span<const std::byte>;

 public:
  using JoinHandler = std::function<void(const BrowserInfo&)>;
  /// Models to load into one worker per tab; `max_batch_size` is what `ModelOptions::batching.maximum` is from now on.
  struct Part {
    std::vector<ModelFile> files;
    ModelOptions options;
    Task task;
    Batcher::Maximum max_batch_size;
    LoadCompletion done;
  };

  /// Listens and launches the first browsers; does not wait for them. Throws `Error`.
  Driver(PoolOptions options, std::unique_ptr<engine::Decisions> policies)
      : options_(check_options(std::move(options))),
        logger_(options_.log_level, options_.log),
        flights_(logger_, options_.flight_record),
        browsers_(options_, logger_, loop_.context(),
                  [this](LaunchId launch, const std::string& reason) { page_gone(launch, reason); }),
        files_(find_ort_directory(options_.ort_directory), PageModules(options_.page_modules), options_.model_origins,
               [this](std::string_view sha256) { return find_model(sha256); }),
        server_(loop_.context(), options_.address, options_.port, options_.connection.maximum_message_bytes, handlers(),
                options_.public_origin),
        engine_(engine_options(), std::move(policies)),
        thread_([this] { run(); }) {}

  // Ends the program on the pool's own thread, where nothing could wait for it.
  ~Driver() override { close(); }  // NOLINT(bugprone-exception-escape)

  std::string join_url() const {
    return (options_.public_origin.empty() ? local_origin() : options_.public_origin) + "/#token=" + token_;
  }

  Backlog& backlog() noexcept override { return *backlog_; }

  EventLoop& loop() noexcept override { return loop_; }

  void submit(ModelRef model, Inputs inputs, RequestOptions options, std::shared_ptr<Ticket> ticket,
              Completion done) override {
    const TimePoint now = Clock::now();
    std::unique_lock lock(gate_);
    if (!open_) return lock.unlock(), end_later(std::move(done), closed_error());
    loop_.post([this, model, now, inputs = std::move(inputs), options = std::move(options), ticket = std::move(ticket),
                done = std::move(done)]() mutable {
      if (touches_devices(inputs, options) || !batches_.submit(model.model, now, inputs, options, ticket, done))
        start(model, now, std::move(inputs), std::move(options), ticket, std::move(done));
    });
  }

  void generate(ModelRef model, Inputs prompt, std::shared_ptr<GenerationRun> run, std::shared_ptr<Ticket> ticket,
                Completion done) override {
    const TimePoint now = Clock::now();
    std::unique_lock lock(gate_);
    if (!open_) return lock.unlock(), end_later(std::move(done), closed_error());
    loop_.post([this, model, now, prompt = std::move(prompt), run = std::move(run), ticket = std::move(ticket),
                done = std::move(done)]() mutable {
      start(model, now, std::move(prompt), run->options.request, ticket, std::move(done), run);
    });
  }

  void finish(Expected<Outputs> result, Completion done) override {
    std::unique_lock lock(gate_);
    if (!open_) return lock.unlock(), end_later(std::move(done), result ? closed_error() : result.error());
    loop_.post([result = std::move(result), done = std::move(done)]() mutable { done(std::move(result)); });
  }

  void fetch(const ResidentTensor& tensor, Completion done) override {
    std::unique_lock lock(gate_);
    if (!open_) return lock.unlock(), end_later(std::move(done), closed_error());
    loop_.post(
        [this, there = TensorCopy(tensor), done = std::move(done)]() mutable { start_copy(there, std::move(done)); });
  }

  bool is_open() const override {
    const std::lock_guard lock(gate_);
    return open_;
  }

  const PoolOptions& options() const noexcept { return options_; }
  const std::shared_ptr<CacheCounts>& cache_counts() const noexcept { return cache_counts_; }

  Metrics metrics() {
    return ask([this](const Engine& engine) {
      Metrics metrics = engine.metrics();
      messages_.add_to(metrics);
      residents_.add_to(metrics);
      metrics.cache_hits = cache_counts_->hits;
      metrics.cache_misses = cache_counts_->misses;
      metrics.model_cache_hits = model_cache_hits_;
      return metrics;
    });
  }

  void cancel(std::shared_ptr<Ticket> ticket) override {
    post([this, ticket = std::move(ticket)] {
      ticket->cancelled = true;
      if (!batches_.cancel(*ticket)) end_run(ticket->request);
    });
  }

  void release(ModelIndex model) override {
    post([this, model] {
      batches_.remove_model(model);
      engine_.remove_model(model, turn());
      drain();
      models_.erase(model);
      turns_.remove(model);
    });
  }

  void release(WorkerId worker, TensorId tensor) override {
    post([this, worker, tensor] {
      const auto bytes = residents_.release(worker, tensor);
      if (!bytes) return;
      engine_.retained(worker, -1, -static_cast<std::ptrdiff_t>(*bytes));
      send(workers_.at(worker).socket, protocol::Release{{&tensor, 1}});
    });
  }

  /// Loads the files into one worker per tab. `max_batch_size` is what `ModelOptions::batching.maximum` is from now on;
  /// any thread may change it.
  void load(std::vector<ModelFile> files, ModelOptions options, Task task, Batcher::Maximum max_batch_size,
            LoadCompletion done) {
    std::unique_lock lock(gate_);
    if (!open_) return lock.unlock(), end_later(std::move(done), closed_error());
    loop_.post([this, part = Part{std::move(files), std::move(options), task, std::move(max_batch_size),
                                  std::move(done)}]() mutable {
      add_model(std::move(part), false);
      drain();
    });
  }

  /// Loads models of which the first is wanted first, and waits only until the pool knows them: requests may come, and
  /// wait for their model alone. A model that can't be loaded stays until it is released, and ends its requests with
  /// the reasons. Throws `errc::pool_closed`.
  std::vector<ModelIndex> load_parts(std::vector<Part> parts) {
    std::unique_lock lock(gate_);
    if (!open_) throw closed_error();
    std::packaged_task<std::vector<ModelIndex>()> task([&] {
      std::vector<ModelIndex> indices;
      for (Part& part : parts) indices.push_back(add_model(std::move(part), true));
      turns_.add(indices);
      drain();
      return indices;
    });
    auto indices = task.get_future();
    loop_.post([task = std::move(task)]() mutable { task(); });
    lock.unlock();
    return indices.get();
  }

  /// Evaluates `question(engine)` on the pool's thread and waits for the answer; after `close`, on the caller's.
  template <class Question>
  auto ask(Question question) -> decltype(question(std::declval<const Engine&>())) {
    if (loop_.runs_here()) return question(std::as_const(engine_));
    std::unique_lock lock(gate_);
    if (!open_) {
      lock.unlock();
      std::lock_guard gone(closing_);
      return question(std::as_const(engine_));
    }
    std::packaged_task<decltype(question(std::declval<const Engine&>()))()> task(
        [&] { return question(std::as_const(engine_)); });
    auto answer = task.get_future();
    // The task moves along: its answer wakes the caller while the pool's thread is still inside it.
    loop_.post([task = std::move(task)]() mutable { task(); });
    lock.unlock();
    return answer.get();
  }

  bool has_model(std::string_view name) const {
    return const_cast<Driver*>(this)->ask([&](const Engine&) {
      return std::ranges::any_of(models_, [&](const auto& entry) {
        return entry.second.name == name || std::ranges::count(entry.second.files, name, &ModelFile::name) > 0;
      });
    });
  }

  void on_join(JoinHandler handler) {
    post([this, handler = std::move(handler)]() mutable { join_handlers_.push_back(std::move(handler)); });
  }

  void on_message(std::string name, MessageHandler handler) {
    post([this, name = std::move(name), handler = std::move(handler)]() mutable {
      messages_.set(std::move(name), std::move(handler));
    });
  }

  /// Sends a frame to this tab, or without one to all; returns how many it went to.
  std::size_t send_frame(std::optional<ConnectionId> to, std::string frame) {
    return ask([&](const Engine&) -> std::size_t {
      if (stopping_since_) return 0;
      const auto reads = [&](const Tab& tab) {  // what it does not read stays in this program's memory
        return tab.socket->get_buffered_amount() <= options_.connection.maximum_message_bytes;
      };
      if (to) {
        const auto tab = tabs_.find(*to);
        if (tab == tabs_.end() || !reads(tab->second)) return 0;
        send_frame(tab->second.socket, std::move(frame));
        return 1;
      }
      std::size_t count = 0;
      for (const auto& [id, tab] : tabs_)
        if (reads(tab)) send_frame(tab.socket, frame), ++count;
      return count;
    });
  }

  /// Ends everything and waits until it has ended: requests, sockets, browsers, the thread. A second call does nothing.
  void close() {
    if (loop_.runs_here())
      throw Error(errc::would_deadlock, "a pool can't be closed on its own thread, which it would wait for");
    std::lock_guard once(closing_);
    if (!thread_.joinable()) return;
    {
      std::lock_guard lock(gate_);
      open_ = false;
    }
    backlog_->close();
    loop_.post([this] { begin_shutdown(); });
    thread_.join();
  }

 private:
  struct Tab {
    Socket socket;
    BrowserInfo browser;
    std::optional<LaunchId> launch;
  };
  struct Worker {
    ConnectionId connection;
    ModelIndex model;
    std::string key;
    Socket socket;  ///< null until the worker attaches
    std::vector<BackendFailure> passed_over;
    std::shared_ptr<const Where> where;  ///< null until it is loaded
    protocol::PreparedResult next_result{};
  };
  /// What a socket hears that did not introduce itself as it should, once its turn has come.
  struct PendingRefusal {
    std::weak_ptr<Socket::element_type> socket;
    std::optional<protocol::Refused> message;  ///< for a tab
    std::string reason;
  };

  static constexpr std::chrono::milliseconds tick_interval{100};
  static constexpr std::chrono::seconds shutdown_patience{3};

  static Error closed_error() { return Error(errc::pool_closed, "the pool is closed"); }

  /// Ends an operation that began when the pool's thread was gone: not inside its initiating function, which must
  /// return before the handler runs, but on a thread of Asio's.
  template <class Done>
  static void end_later(Done done, Error error) {
    asio::post(asio::system_executor(),
               [done = std::move(done), error = std::move(error)]() mutable { done(std::move(error)); });
  }

  PoolOptions engine_options() const {
    PoolOptions options = options_;
    options.browsers = browsers_.kinds();
    return options;
  }

  engine::Turn turn() { return {Clock::now(), actions_}; }

  template <class F>
  void post(F task) {
    std::lock_guard lock(gate_);
    if (open_) loop_.post(std::move(task));
  }

  // --- the thread

  void run() {
    loop_.post([this] {
      logger_.info("listening on " + local_origin());
      engine_.start(turn());
      drain();
      tick();
    });
    loop_.run();
    browsers_.close_all();
    // What callers gave may own a model, and with it this driver.
    join_handlers_.clear();
    messages_.clear();
    models_.clear();
    loop_.ended();
  }

  void tick() {
    const TimePoint now = Clock::now();
    poll_browsers(now);
    server_.tick(now);
    if (stopping_since_) {
      actions_.clear();
      if ((sockets_.empty() && browsers_.empty()) || now > *stopping_since_ + shutdown_patience)
        return loop_.context().stop();
    } else {
      engine_.tick({now, actions_});
      drain();
      answer_next_refusal();
    }
    timer_.expires_after(stopping_since_ ? tick_interval / 10 : tick_interval);
    timer_.async_wait([this](const asio::error_code& aborted) {
      if (!aborted) tick();
    });
  }

  void poll_browsers(TimePoint now) {
    browsers_.poll(now, [&](LaunchId launch, const Error& last_words) {
      renewed_.erase(launch);
      engine_.exited(launch, last_words, {now, actions_});
    });
  }

  void begin_shutdown() {
    batches_.close();
    engine_.close(turn());
    drain();
    server_.stop_listening();
    for (const Socket& socket : sockets_) Server::close(socket, "the pool is closed");
    stopping_since_ = Clock::now();
    timer_.cancel();
    tick();
  }

  // --- models

  ModelIndex add_model(Part part, bool stays) {
    LoadingModel model(std::move(part.files), std::move(part.options), std::move(part.done), stays);
    engine::ModelSpec spec{model.name,
                           part.task,
                           model.bytes(),
                           model.options.browsers,
                           model.options.replicas,
                           model.options.pinned,
                           model.options.own_tabs_only};
    const ModelIndex index = engine_.add_model(std::move(spec), turn());
    if (model.files.size() == 1)
      batches_.add_model(index, model.name, model.files[0].info, model.options.batching,
                         std::move(part.max_batch_size));
    models_.insert_or_assign(index, std::move(model));
    return index;
  }

  /// The worker has its bytes, or is gone: others may fetch now.
  void end_turn(WorkerId ended) {
    for (const auto& [next, load] : turns_.ended(ended)) {
      const auto worker = workers_.find(next);
      if (worker == workers_.end() || !worker->second.socket) continue;
      engine_.load_sent(next, Clock::now());
      send(worker->second.socket, load);
    }
  }

  // --- requests

  void start(ModelRef model, TimePoint submitted, Inputs inputs, RequestOptions options,
             const std::shared_ptr<Ticket>& ticket, Completion done,
             std::shared_ptr<GenerationRun> generation = nullptr) {
    if (ticket && ticket->cancelled) return done(Error(errc::cancelled, "cancelled before it was queued"));
    std::optional<WorkerId> pinned;
    if (touches_devices(inputs, options)) {
      pinned = worker_with(inputs, model.model);
      const auto elsewhere = std::ranges::find_if(inputs, [&](const NamedTensor& each) {
        const ResidentTensor* there = resident(each.tensor, *this);
        return each.tensor.device() && (!there || there->worker() != pinned);
      });
      if (const auto which = static_cast<std::size_t>(elsewhere - inputs.begin()); which < inputs.size())
        return bring_home(which, model, submitted, std::move(inputs), std::move(options), ticket, std::move(done));
      // What stays is computed too where only some outputs are wanted.
      if (!options.outputs.empty())
        for (const auto& name : options.keep_on_device)
          if (std::ranges::find(options.outputs, name) == options.outputs.end()) options.outputs.push_back(name);
    }
    Request request{.id = {}, .model = model.model, .priority = options.priority, .client = options.client};
    request.deadline = deadline_of(submitted, options);
    request.payload_bytes = bytes_of(inputs);
    if (!generation && !inputs.empty() && inputs.front().tensor.shape().rank() > 0)
      request.rows = static_cast<std::uint32_t>(inputs.front().tensor.shape()[0]);
    const RequestId id = engine_.submit(request, turn(), options.retry, pinned);
    if (ticket) ticket->request = id;
    if (pinned)
      std::stable_partition(inputs.begin(), inputs.end(),
                            [](const NamedTensor& each) { return !each.tensor.device(); });
    std::vector<TensorId> kept(options.keep_on_device.size());
    for (TensorId& each : kept) each = residents_.make_id();
    await({.id = id,
           .part = model.part,
           .inputs = std::move(inputs),
           .options = std::move(options),
           .submitted = submitted,
           .done = std::move(done),
           .kept = std::move(kept),
           .generation = std::move(generation)});
  }

  /// The request was submitted to the engine.
  void await(PendingRequest request) {
    pending_.add(std::move(request));
    drain();
  }

  /// Where the first of these tensors is that are in one of the model's workers.
  std::optional<WorkerId> worker_with(const Inputs& inputs, ModelIndex model) const {
    for (const auto& [name, tensor] : inputs)
      if (const ResidentTensor* there = resident(tensor, *this); there && there->model() == model)
        return there->worker();
    return std::nullopt;
  }

  /// Copies an input from the tab of another model to this program; then the request starts again.
  void bring_home(std::size_t which, ModelRef model, TimePoint submitted, Inputs inputs, RequestOptions options,
                  std::shared_ptr<Ticket> ticket, Completion done) {
    const ResidentTensor* there = resident(inputs[which].tensor, *this);
    if (!there)
      return done(Error(errc::tensor_elsewhere,
                        "input '" + inputs[which].name + "' is in a tab of another pool; to_host() copies it"));
    const TensorCopy copy(*there);
    start_copy(copy, [this, which, model, submitted, inputs = std::move(inputs), options = std::move(options),
                      ticket = std::move(ticket), done = std::move(done)](Expected<Outputs> copied) mutable {
      if (!copied) return done(copied.error());
      inputs[which].tensor = copied->begin()->tensor;
      start(model, submitted, std::move(inputs), std::move(options), ticket, std::move(done));
    });
  }

  void start_copy(const TensorCopy& copy, Completion done) {
    const TimePoint now = Clock::now();
    const RequestId id = engine_.submit({.model = copy.model}, {now, actions_}, Retry::never, copy.worker);
    await({.id = id, .submitted = now, .done = std::move(done), .copy = copy});
  }

  void end_run(RequestId id) {
    engine_.cancel(id, turn());
    drain();
  }

  Batcher batcher() {
    const bool one = options_.memory.low_memory_mode;
    return Batcher(
        loop_.context(), one ? 1 : options_.connection.requests_in_flight,
        [this](ModelIndex model, TimePoint submitted, Inputs inputs, RequestOptions options,
               const std::shared_ptr<Ticket>& ticket, Completion done) {
          start({model}, submitted, std::move(inputs), std::move(options), ticket, std::move(done));
        },
        [this](RequestId id) { end_run(id); });
  }

  // --- actions

  /// Carries out what the engine asked for, and what follows from that, in order.
  void drain() {
    if (draining_) return;
    draining_ = true;
    for (std::size_t i = 0; i < actions_.size(); ++i) {
      const engine::Action action = std::move(actions_[i]);
      std::visit([this](const auto& each) { this->carry_out(each); }, action);
    }
    actions_.clear();
    draining_ = false;
  }

  void carry_out(const engine::Launch& action) {
    std::optional<Error> error;
    loop_.run_on_own([&] { error = browsers_.launch(action.launch, action.browser, launch_url(action.launch)); });
    if (error) {
      logger_.info(error->message());
      engine_.exited(action.launch, *error, turn());
    }
  }

  void carry_out(const engine::CloseBrowser& action) {
    renewed_.erase(action.launch);
    browsers_.close(action.launch, Clock::now());
  }

  void carry_out(const engine::OpenWorker& action) {
    Worker worker{action.connection, action.model, detail::random_token(), nullptr, {}, nullptr};
    const Tab& tab = tabs_.at(action.connection);
    const bool webnn =
        may_use_webnn(models_.at(action.model).options, browsers_.options_of(tab.browser.browser), tab.browser);
    send(tab.socket, protocol::OpenWorker{action.worker, worker.key, webnn});
    workers_.emplace(action.worker, std::move(worker));
    turns_.opened(action.worker, action.model);
  }

  void carry_out(const engine::CloseWorker& action) {
    const auto worker = workers_.find(action.worker);
    if (worker == workers_.end()) return;
    if (action.trouble) report(action.connection, action.trouble->message());
    forget(worker->second.socket, "the worker is no longer needed");
    if (worker->second.where) batches_.count_tab(worker->second.model, false);
    residents_.lose(action.worker);
    workers_.erase(worker);
    end_turn(action.worker);
    if (const auto tab = tabs_.find(action.connection); tab != tabs_.end())
      send(tab->second.socket, protocol::CloseWorker{action.worker});
  }

  void carry_out(const engine::CloseConnection& action) {
    const auto tab = tabs_.find(action.connection);
    if (tab == tabs_.end()) return;
    logger_.info("closing the tab in " + describe(tab->second.browser) + ": " + action.message);
    if (action.failed) report(action.connection, action.message);
    send(tab->second.socket, protocol::Close{action.message});
    forget(tab->second.socket, action.message);
    erase_tab(action.connection);
  }

  void carry_out(const engine::NewTab& action) {
    logger_.info("opening another tab: " + action.message);
    report(action.connection, action.message);
    if (const auto tab = tabs_.find(action.connection); tab != tabs_.end()) {
      forget(tab->second.socket, action.message);
      erase_tab(action.connection);
    }
    renewed_.insert(action.launch);
    browsers_.new_tab(action.launch, launch_url(action.launch),
                      [this, launch = action.launch](const std::optional<Error>& failed) {
                        if (!failed || stopping_since_ || !renewed_.erase(launch)) return;
                        engine_.exited(launch, *failed, turn());
                        browsers_.close(launch, Clock::now());
                        drain();
                      });
  }

  void carry_out(const engine::ReloadPage& action) {
    const auto tab = tabs_.find(action.connection);
    if (tab == tabs_.end()) return;
    if (tab->second.launch) renewed_.insert(*tab->second.launch);
    logger_.info("reloading the page in " + describe(tab->second.browser) + ": " + action.message);
    report(action.connection, action.message);
    send(tab->second.socket, protocol::Reload{action.message});
    forget(tab->second.socket, action.message);
    erase_tab(action.connection);
  }

  void carry_out(const engine::Ping& action) { send(tabs_.at(action.connection).socket, protocol::Ping{++pings_}); }

  void carry_out(const engine::Run& action) {
    const PendingRequest& request = pending_.at(action.request);
    const Socket& socket = workers_.at(action.worker).socket;
    if (request.copy) return send(socket, protocol::Fetch{action.request, request.copy->tensor});
    const std::span inputs(request.inputs);
    const auto there = std::ranges::find_if(inputs, [](const auto& each) { return each.tensor.device() != nullptr; });
    if (request.generation) {
      protocol::Generate message{action.request, {inputs.begin(), there}, request.generation->options, request.part};
      if (!request.kept.empty()) message.keep = request.kept[0];
      if (there != inputs.end()) message.resume = use_up(*driver::resident(there->tensor, *this));
      return send(socket, message);
    }
    std::vector<protocol::TensorReference> resident, keep;
    for (const auto& [name, tensor] : std::span(there, inputs.end())) {
      resident.push_back({name, driver::resident(tensor, *this)->id()});
      residents_.note_reuse(tensor.device()->bytes());
    }
    for (std::size_t i = 0; i < request.kept.size(); ++i)
      keep.push_back({request.options.keep_on_device[i], request.kept[i]});
    send(socket,
         protocol::Run{action.request, {inputs.begin(), there}, request.options.outputs, request.part, resident, keep});
  }

  /// The page takes this text for a generation, whatever comes of that.
  protocol::TextReference use_up(const ResidentTensor& text) {
    text.lose();
    if (const auto bytes = residents_.release(text.worker(), text.id())) {
      engine_.retained(text.worker(), -1, -static_cast<std::ptrdiff_t>(*bytes));
      residents_.note_reuse(*bytes);
    }
    return {text.id(), static_cast<std::uint64_t>(text.shape()[0])};
  }

  void carry_out(const engine::CancelRun& action) {
    send(workers_.at(action.worker).socket, protocol::Cancel{action.request});
  }

  void carry_out(const engine::HoldResult& action) {
    PendingRequest& request = pending_.at(action.request);
    request.held = std::move(request.outputs);
  }

  void carry_out(const engine::Complete& action) {
    PendingRequest request = pending_.take(action.request);
    if (action.error) return request.done(*action.error);
    if (!action.held) return request.done(std::move(request.outputs));
    RunTimes times = request.held.times();
    times.total = milliseconds_since(request.submitted, Clock::now());
    request.done(Outputs({request.held.begin(), request.held.end()}, request.held.shared_where(), times));
  }

  void carry_out(const engine::ModelReady& action) {
    const auto model = models_.find(action.model);
    if (model == models_.end() || !model->second.ready) return;
    auto ready = std::exchange(model->second.ready, {});
    if (!action.error) return ready(action.model);
    if (model->second.stays) return ready(*action.error);
    const Error error = *action.error;
    batches_.remove_model(action.model);
    engine_.remove_model(action.model, turn());
    models_.erase(model);
    ready(error);
  }

  template <class Message>
  void send(const Socket& to, const Message& message) {
    Server::send(to, [&](std::string& out) {
      protocol::encode(out, message);
      flights_.sent<Message>(to->flight.get(), out);
    });
  }

  void send_frame(const Socket& to, std::string frame) {
    Server::send(to, [&](std::string& out) {
      out = std::move(frame);
      flights_.sent<protocol::Custom>(to->flight.get(), out);
    });
  }

  /// Something failed in that tab: what came before goes into the log.
  void report(ConnectionId id, std::string_view why) {
    const auto tab = tabs_.find(id);
    if (tab != tabs_.end()) flights_.dump(tab->second.socket->flight.get(), describe(tab->second.browser), why);
  }

  /// Closes a socket whose end is no news any more.
  static void forget(const Socket& socket, std::string_view reason) {
    if (!socket) return;
    socket->owner = 0;
    Server::close(socket, reason);
  }

  void erase_tab(ConnectionId id) {
    std::vector<WorkerId> gone;
    std::erase_if(workers_, [&](auto& entry) {
      if (entry.second.connection != id) return false;
      gone.push_back(entry.first);
      forget(entry.second.socket, "its tab is gone");
      if (entry.second.where) batches_.count_tab(entry.second.model, false);
      residents_.lose(entry.first);
      return true;
    });
    tabs_.erase(id);
    for (const WorkerId worker : gone) end_turn(worker);
  }

  // --- events from the pages

  Server::Handlers handlers() {
    return {.http = [this](std::string_view path) { return files_(path); },
            .opened = [this](const Socket& socket) { opened(socket); },
            .received = [this](const Socket& from, Frame frame,
                               std::shared_ptr<const void> owner) { received(from, frame, std::move(owner)); },
            .closed = [this](const Socket& socket, const std::string& reason) { closed(socket, reason); }};
  }

  void opened(const Socket& socket) {
    sockets_.insert(socket);
    if (stopping_since_) Server::close(socket, "the pool is closed");
  }

  void received(const Socket& from, Frame frame, std::shared_ptr<const void> owner) {
    if (stopping_since_ || (from->owner == 0 && std::exchange(from->heard, true))) return;
    const auto take = [&](auto message) {
      if (!message) return std::optional(message.error());
      return std::visit(
          [&]<class Message>(Message& each) {
            flights_.received<Message>(from->flight.get(), frame);
            return handle(from, each);
          },
          *message);
    };
    const auto read_data = [&] {
      Worker* const worker = worker_of(from);
      return decoder_.data(frame, std::move(owner), worker ? &worker->next_result : nullptr);
    };
    const auto broken = from->role == transport::SocketState::Role::control
                            ? take(decoder_.control(frame, std::move(owner)))
                            : take(read_data());
    if (broken && from->owner == 0) {
      refusals_.push_back({from, std::nullopt, broken->message()});
    } else if (broken) {
      logger_.info("refused a message: " + broken->message());
      flights_.event(from->flight.get(), "refused a message: " + broken->message());
      Server::refuse(from, broken->message());
    }
    drain();
  }

  /// One socket per tick hears that it is refused. So who tries tokens learns of ten wrong ones in a second, and the
  /// log grows by ten lines; a right one is answered at once. Guesses that do not wait for an answer cost a connection
  /// each: a million in a second would find a token of 128 bits in 10^25 years.
  void answer_next_refusal() {
    while (!refusals_.empty()) {
      const PendingRefusal next = std::move(refusals_.front());
      refusals_.pop_front();
      const Socket socket = next.socket.lock();
      if (!socket || !sockets_.contains(socket)) continue;
      logger_.info("refused a " + std::string(next.message ? "tab: " : "message: ") + next.reason);
      if (next.message) send(socket, *next.message);
      return Server::refuse(socket, next.reason);
    }
  }

  static std::optional<Error> out_of_turn(std::string_view what) {
    return Error(errc::malformed_frame, "a '" + std::string(what) + "' is out of turn here");
  }

  void refuse_tab(const Socket& from, protocol::Refusal code, const std::string& message) {
    refusals_.push_back({from, protocol::Refused{code, message}, message});
  }

  std::optional<Error> handle(const Socket& from, protocol::Hello& hello) {
    if (from->owner != 0) return out_of_turn("hello");
    if (hello.version != protocol::version) {
      refuse_tab(from, protocol::Refusal::version_mismatch,
                 "the page speaks version " + std::to_string(hello.version) + " of the protocol, this pool speaks " +
                     std::to_string(protocol::version) + "; reload the page");
      return std::nullopt;
    }
    if (!detail::equal_in_constant_time(hello.token, token_)) {
      refuse_tab(from, protocol::Refusal::wrong_token,
                 "the link's token does not belong to this pool; open the pool's join link again");
      return std::nullopt;
    }
    const auto kind = hello.launch ? browsers_.kind_of(*hello.launch) : std::nullopt;
    if (kind)
      hello.browser.browser = *kind;  // some kinds call themselves by another's name
    else
      hello.launch.reset();
    hello.browser.launched = kind.has_value();
    const auto id = engine_.joined(hello.browser, hello.launch, turn());
    if (!id) {
      refuse_tab(from, protocol::Refusal::pool_full,
                 "the pool has all the tabs that it may have (" + std::to_string(options_.max_connections) + ")");
      return std::nullopt;
    }
    if (hello.launch) renewed_.erase(*hello.launch);
    from->owner = id->value;
    from->flight = flights_.begin(*id);
    flights_.event(from->flight.get(), describe(hello.browser) + " joined");
    server_.introduced(from);
    send(from, protocol::Welcome{*id, options_.connection.health_interval});
    logger_.info(describe(hello.browser) + " joined");
    for (const auto& handler : join_handlers_) handler(hello.browser);
    tabs_.emplace(*id, Tab{from, std::move(hello.browser), hello.launch});
    return std::nullopt;
  }

  std::optional<Error> handle(const Socket& from, const protocol::Pong& pong) {
    if (from->owner == 0) return out_of_turn("pong");
    engine_.heard(ConnectionId{from->owner}, pong.timer_drift_ms, pong.hints);
    return std::nullopt;
  }

  std::optional<Error> handle(const Socket& from, const protocol::Trouble& news) {
    if (from->owner == 0) return out_of_turn("trouble");
    messages_.page_trouble(tabs_.at(ConnectionId{from->owner}).browser, news.source, news.message);
    return std::nullopt;
  }

  std::optional<Error> handle(const Socket& from, const protocol::Custom& message) {
    if (from->owner == 0) return out_of_turn("message");
    const ConnectionId id{from->owner};
    messages_.deliver({id, tabs_.at(id).browser, message.name, message.body, message.tensors});
    return std::nullopt;
  }

  std::optional<Error> handle(const Socket& from, const protocol::WorkerFailed& news) {
    if (from->owner == 0) return out_of_turn("worker_failed");
    const auto worker = workers_.find(news.worker);
    if (worker == workers_.end() || worker->second.connection.value != from->owner)
      return std::nullopt;  // closed meanwhile
    forget(std::exchange(worker->second.socket, nullptr), "the worker died");
    lose_worker(worker->first, worker->second, "its worker died: " + news.message);
    return std::nullopt;
  }

  std::optional<Error> handle(const Socket& from, const protocol::Attach& attach) {
    if (from->owner != 0) return out_of_turn("attach");
    if (attach.version != protocol::version)
      return Error(errc::version_mismatch, "the worker speaks version " + std::to_string(attach.version));
    const auto found = workers_.find(attach.worker);
    if (found == workers_.end() || found->second.socket ||
        !detail::equal_in_constant_time(attach.key, found->second.key))
      return Error(errc::wrong_token, "no worker waits under that key");
    Worker& worker = found->second;
    const LoadingModel& model = models_.at(worker.model);
    const BrowserInfo& browser = tabs_.at(worker.connection).browser;
    LoadPlan plan = plan_load(attach.worker, model.files, model.options, browsers_.options_of(browser.browser),
                              options_.memory, known_way(model, browser));
    from->owner = attach.worker.value;
    from->flight = tabs_.at(worker.connection).socket->flight;
    flights_.event(from->flight.get(), "worker " + std::to_string(attach.worker.value) + " attached");
    server_.introduced(from);
    worker.socket = from;
    worker.passed_over = std::move(plan.passed_over);
    plan.message.importance = turns_.importance(worker.model);
    if (plan.message.backends.empty())
      engine_.load_failed(attach.worker, about(worker, errc::no_backend, describe(worker.passed_over)), turn());
    else if (turns_.hold(attach.worker, plan.message))
      engine_.load_held(attach.worker);
    else
      send(from, plan.message);
    return std::nullopt;
  }

  std::optional<Error> handle(const Socket& from, const protocol::Progress& progress) {
    Worker* worker = worker_of(from);
    if (!worker) return out_of_turn("progress");
    if (progress.stage != protocol::LoadStage::fetch || progress.done == progress.total)
      end_turn(WorkerId{from->owner});
    const LoadingModel& model = models_.at(worker->model);
    if (progress.part >= model.files.size()) return out_of_turn("progress of a model that is not loaded");
    if (model.options.progress)
      model.options.progress({tabs_.at(worker->connection).browser, model.files[progress.part].name,
                              protocol::to_string(progress.stage), progress.done, progress.total});
    return std::nullopt;
  }

  std::optional<Error> handle(const Socket& from, protocol::Loaded& loaded) {
    Worker* worker = worker_of(from);
    if (!worker || worker->where || loaded.id != from->owner) return out_of_turn("loaded");
    const LoadingModel& model = models_.at(worker->model);
    const BrowserInfo& browser = tabs_.at(worker->connection).browser;
    if (model.options.fastest && model.files.size() == 1 && !known_way(model, browser))
      fastest_.learn(model.files[0].sha256, model.options, browser,
                     {loaded.backend, loaded.device, loaded.variant, loaded.tried});
    std::ranges::move(loaded.tried, std::back_inserter(worker->passed_over));
    worker->where = std::make_shared<const Where>(Where{worker->connection, browser, loaded.backend, loaded.device,
                                                        loaded.cpu_fallback, std::move(worker->passed_over),
                                                        std::move(loaded.placements)});
    const std::size_t bytes = loaded.memory_bytes ? static_cast<std::size_t>(loaded.memory_bytes) : model.bytes();
    if (logger_.debugging()) logger_.debug("model '" + model.name + "' is loaded on " + describe(*worker->where));
    end_turn(WorkerId{from->owner});
    batches_.count_tab(worker->model, true);
    model_cache_hits_ += loaded.from_cache ? 1 : 0;
    engine_.loaded(WorkerId{from->owner}, loaded.backend, bytes, turn());
    return std::nullopt;
  }

  std::optional<Error> handle(const Socket& from, const protocol::Tokens& news) {
    const Worker* worker = worker_of(from);
    const PendingRequest* request = pending_.find(news.id);
    if (!worker || !worker->where || (request && !request->generation)) return out_of_turn("tokens");
    const TimePoint now = Clock::now();
    if (!engine_.progressed(WorkerId{from->owner}, news.id, now) || !request) return std::nullopt;
    const auto wrong = request->generation->take(news, milliseconds_since(request->submitted, now));
    return wrong ? std::optional(Error(errc::malformed_frame, *wrong)) : std::nullopt;
  }

  std::optional<Error> handle(const Socket& from, protocol::Result& result) {
    Worker* worker = worker_of(from);
    if (!worker || !worker->where) return out_of_turn("result");
    const std::optional<Error> wrong = wrong_outputs(*worker, result);
    const std::optional<Error> differs = wrong ? std::nullopt : difference_from_held(*worker, result);
    const PendingRequest* awaited = pending_.find(result.id);
    const bool checkable = !awaited || (awaited->options.keep_on_device.empty() && !awaited->generation);
    const engine::Reply reply{.worker = WorkerId{from->owner},
                              .request = result.id,
                              .error = wrong ? &*wrong : nullptr,
                              .check = {checkable ? draw_for(*worker) : 1, differs ? &*differs : nullptr}};
    const TimePoint now = Clock::now();
    adopt(WorkerId{from->owner}, *worker, result, awaited && !wrong);
    if (engine_.finished(reply, {now, actions_})) {
      PendingRequest& request = pending_.at(result.id);  // no action on it is carried out before this function returns
      result.times.total = milliseconds_since(request.submitted, now);
      request.outputs = Outputs(std::move(result.outputs), worker->where, result.times);
    }
    return std::nullopt;
  }

  /// What a run left in its worker becomes outputs, or, when they are not `wanted`, goes.
  void adopt(WorkerId id, const Worker& worker, protocol::Result& result, bool wanted) {
    for (const auto& [name, datatype, shape, tensor] : result.kept) {
      if (!wanted) {
        send(worker.socket, protocol::Release{{&tensor, 1}});
        continue;
      }
      const auto there =
          std::make_shared<const ResidentTensor>(this->weak_from_this(), worker.model, id, tensor, datatype, shape);
      residents_.add(there);
      engine_.retained(id, 1, static_cast<std::ptrdiff_t>(there->bytes()));
      result.outputs.push_back({name, Tensor(datatype, shape, there)});
    }
    if (wanted && pending_.find(result.id)->copy) residents_.note_copy(result.outputs[0].tensor.bytes().size());
  }

  std::optional<Error> handle(const Socket& from, const protocol::RunError& news) {
    Worker* worker = worker_of(from);
    if (!worker) return out_of_turn("error");
    const errc code = protocol::parse_error_code(news.code).value_or(errc::run_failed);
    std::string message = news.message;
    if (logger_.debugging() && !news.stack.empty()) logger_.debug(news.message + "\n" + news.stack);
    if (worker->where || news.id != from->owner) {
      const Error error = about(*worker, code, message);
      engine_.finished({WorkerId{from->owner}, RequestId{news.id}, &error, news.started}, turn());
    } else {
      auto reasons = worker->passed_over;
      reasons.insert(reasons.end(), news.tried.begin(), news.tried.end());
      if (!reasons.empty()) message = describe(reasons);
      engine_.load_failed(WorkerId{from->owner}, about(*worker, code, message), turn());
    }
    return std::nullopt;
  }

  std::optional<Error> handle(const Socket& from, const protocol::DeviceLost& news) {
    Worker* worker = worker_of(from);
    if (!worker) return out_of_turn("device_lost");
    engine_.worker_lost(WorkerId{from->owner}, about(*worker, errc::device_lost, news.reason + ": " + news.message),
                        turn());
    return std::nullopt;
  }

  void closed(const Socket& socket, const std::string& reason) {
    sockets_.erase(socket);
    const std::uint64_t owner = std::exchange(socket->owner, 0);
    if (owner == 0 || stopping_since_) return;
    if (socket->role == transport::SocketState::Role::control) {
      const ConnectionId id{owner};
      const std::string who = describe(tabs_.at(id).browser);
      logger_.info(who + " left: " + reason);
      flights_.event(socket->flight.get(), "it left: " + reason);
      report(id, reason);
      poll_browsers(Clock::now());  // perhaps its browser has ended, which is worse
      erase_tab(id);
      engine_.left(id, Error(errc::connection_lost, who + " went away: " + reason), turn());
    } else if (const auto worker = workers_.find(WorkerId{owner}); worker != workers_.end()) {
      worker->second.socket = nullptr;
      flights_.event(socket->flight.get(), "worker " + std::to_string(owner) + " left: " + reason);
      lose_worker(worker->first, worker->second, "its worker went away: " + reason);
    }
    drain();
  }

  /// A browser says that its page is gone: as if the page's control socket had closed, which may take longer.
  void page_gone(LaunchId launch, const std::string& reason) {
    if (stopping_since_) return;
    const auto tab = std::ranges::find_if(tabs_, [&](const auto& entry) { return entry.second.launch == launch; });
    if (tab != tabs_.end()) {
      const Socket socket = tab->second.socket;
      closed(socket, reason);
      return Server::close(socket, reason);
    }
    if (renewed_.contains(launch)) return;  // as asked
    engine_.exited(launch, Error(errc::launch_failed, reason), turn());
    browsers_.close(launch, Clock::now());
    drain();
  }

  void lose_worker(WorkerId id, const Worker& worker, const std::string& reason) {
    const errc code = worker.where ? errc::connection_lost : errc::load_failed;
    engine_.worker_lost(id, about(worker, code, reason), turn());
  }

  // --- small helpers

  std::string local_origin() const {
    const std::string host =
        options_.address.find(':') == std::string::npos ? options_.address : "[" + options_.address + "]";
    return "http://" + host + ":" + std::to_string(server_.port());
  }

  /// The pool's own browsers need no proxy.
  std::string launch_url(LaunchId launch) const {
    return local_origin() + "/#token=" + token_ + "&launch=" + std::to_string(launch.value);
  }

  Worker* worker_of(const Socket& socket) {
    const auto found = workers_.find(WorkerId{socket->owner});
    return found == workers_.end() ? nullptr : &found->second;
  }

  template <class Printable>
  static std::string describe(const Printable& value) {
    std::ostringstream text;
    text << value;
    return std::move(text).str();
  }
  static std::string describe(const std::vector<BackendFailure>& failures) { return driver::describe(failures); }

  Error about(const Worker& worker, errc code, const std::string& message) const {
    const auto tab = tabs_.find(worker.connection);
    const std::string place = worker.where         ? describe(*worker.where)
                              : tab != tabs_.end() ? describe(tab->second.browser)
                                                   : "a tab";
    return Error(code, "model '" + models_.at(worker.model).name + "' on " + place + ": " + message);
  }

  static double milliseconds_since(TimePoint then, TimePoint now) {
    return std::chrono::duration<double, std::milli>(now - then).count();
  }

  /// Models that share a worker are compared as one, which nothing else is equal to.
  const FastestWay* known_way(const LoadingModel& model, const BrowserInfo& browser) const {
    return model.files.size() == 1 ? fastest_.find(model.files[0].sha256, model.options, browser) : nullptr;
  }

  /// Decides whether a guest's result is checked, so the guest must not be able to guess it.
  double draw_for(const Worker& worker) {
    if (options_.guests.recheck_share == 0 || tabs_.at(worker.connection).browser.launched) return 1;
    return std::uniform_real_distribution<double>()(random_);
  }

  std::optional<Error> difference_from_held(const Worker& worker, const protocol::Result& result) const {
    const PendingRequest* request = pending_.find(result.id);
    if (!request || !request->held.shared_where()) return std::nullopt;
    const auto text = disagreement({request->held.begin(), request->held.end()}, result.outputs, options_.guests);
    if (!text) return std::nullopt;
    return Error(errc::run_failed, "model '" + models_.at(worker.model).name + "' on a guest's " +
                                       describe(request->held.where()) + ", computed again on " +
                                       describe(*worker.where) + ": " + *text);
  }

  std::optional<Error> wrong_outputs(const Worker& worker, const protocol::Result& result) const {
    const PendingRequest* request = pending_.find(result.id);
    const auto& files = models_.at(worker.model).files;
    // Of which of the models an answer is that nobody waits for any more, nobody knows.
    if (!request && (files.size() > 1 || result.finish)) return std::nullopt;
    const auto wrong = request ? request->check(result, files)
                               : check_outputs(files[0].info, result.outputs, result.kept, nullptr, {});
    return wrong ? std::optional(about(worker, errc::run_failed, *wrong)) : std::nullopt;
  }

  const ServedFile* find_model(std::string_view sha256) const {
    for (const auto& [index, model] : models_)
      if (const ServedFile* found = model.find(sha256)) return found;
    return nullptr;
  }

  const PoolOptions options_;
  const detail::Logger logger_;
  const FlightLog flights_;
  const std::shared_ptr<Backlog> backlog_ = std::make_shared<Backlog>(options_.backlog);
  const std::string token_ = detail::random_token();
  EventLoop loop_{*backlog_, options_.busy_poll};
  asio::steady_timer timer_{loop_.context()};
  Batcher batches_ = batcher();
  Browsers browsers_;
  PageFiles files_;
  Server server_;
  Engine engine_;
  engine::Actions actions_;
  bool draining_ = false;
  protocol::Decoder decoder_;
  std::unordered_set<Socket> sockets_;   ///< all that are open
  std::deque<PendingRefusal> refusals_;  ///< first come, first served
  std::unordered_map<ConnectionId, Tab> tabs_;
  std::unordered_map<WorkerId, Worker> workers_;
  std::unordered_map<ModelIndex, LoadingModel> models_;
  PendingRequests pending_;
  Residents residents_;
  FastestWays fastest_;
  std::random_device random_;
  std::vector<JoinHandler> join_handlers_;
  MessageHandlers messages_{logger_};
  LoadTurns turns_;
  const std::shared_ptr<CacheCounts> cache_counts_ = std::make_shared<CacheCounts>();
  std::set<LaunchId> renewed_;  ///< browsers whose page is to join once more
  std::uint64_t pings_ = 0;
  std::uint64_t model_cache_hits_ = 0;
  std::optional<TimePoint> stopping_since_;

  mutable std::mutex gate_;  ///< guards `open_`: nothing is posted once it is false
  bool open_ = true;
  std::mutex closing_;  ///< held while `close` waits
  std::thread thread_;  ///< last, so that everything else is there when it starts
};

}  // namespace webpool::driver
