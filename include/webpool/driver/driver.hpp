#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/driver/backlog.hpp>
#include <webpool/driver/batcher.hpp>
#include <webpool/driver/check_options.hpp>
#include <webpool/driver/entrance.hpp>
#include <webpool/driver/event_loop.hpp>
#include <webpool/driver/generation_run.hpp>
#include <webpool/driver/host.hpp>
#include <webpool/driver/loader.hpp>
#include <webpool/driver/new_request.hpp>
#include <webpool/driver/ort_directory.hpp>
#include <webpool/driver/page_files.hpp>
#include <webpool/driver/page_modules.hpp>
#include <webpool/driver/reader.hpp>
#include <webpool/driver/resident_tensor.hpp>
#include <webpool/driver/response_cache.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/engine/decisions.hpp>
#include <webpool/engine/engine.hpp>
#include <webpool/metrics.hpp>
#include <webpool/options.hpp>
#include <webpool/page_message.hpp>
#include <webpool/transport/websocket_server.hpp>

namespace webpool::driver {

/// A running pool: its event loop, the thread and the clock for that, the server through which pages reach it, and the
/// host, which does what a pool does. All functions may be called from any thread; what they ask of the host goes
/// through the entrance.
class Driver final : public Runtime {
 public:
  using JoinHandler = TabInbox::JoinHandler;
  using Part = Loader::Part;

  /// Listens and launches the first browsers; does not wait for them. Throws `Error`.
  Driver(PoolOptions options, std::unique_ptr<engine::Decisions> policies)
      : options_(check_options(std::move(options))),
        host_(*this, loop_, options_, std::move(policies)),
        files_(find_ort_directory(options_.ort_directory), PageModules(options_.page_modules), options_.model_origins,
               [this](std::string_view sha256) { return host_.models().file(sha256); }),
        server_(
            loop_.context(),
            {options_.address, options_.port, options_.connection.maximum_message_bytes, options_.public_origin},
            [this](std::string_view path) { return files_(path); }, host_.link_handlers()),
        join_url_(host_.reached_at(server_.port())),
        thread_([this] { run(); }) {}

  // Ends the program on the pool's own thread, where nothing could wait for it.
  ~Driver() override { close(); }  // NOLINT(bugprone-exception-escape)

  /// Ends everything and waits until it has ended: requests, sockets, browsers, the threads. A second call does
  /// nothing.
  void close() {
    if (reader_.runs_here())
      throw Error(errc::would_deadlock, "a pool can't be closed by what reads a model for it, which it would wait for");
    entrance_.close(thread_, [this] { begin_shutdown(); });
    reader_.join();
  }

  bool is_open() const override { return entrance_.is_open(); }
  EventLoop& loop() noexcept override { return loop_; }
  Backlog& backlog() noexcept override { return *backlog_; }
  const std::string& join_url() const noexcept { return join_url_; }
  const PoolOptions& options() const noexcept { return options_; }
  const std::shared_ptr<CacheCounts>& cache_counts() const noexcept { return cache_counts_; }

  // --- requests

  void submit(ModelRef model, Inputs inputs, RequestOptions options, std::shared_ptr<Ticket> ticket,
              Completion done) override {
    entrance_.start(NewRequest{.model = model,
                               .submitted = Clock::now(),
                               .inputs = std::move(inputs),
                               .options = std::move(options),
                               .ticket = std::move(ticket),
                               .done = std::move(done)},
                    [this](NewRequest&& request) { host_.submit(std::move(request)); });
  }

  void generate(ModelRef model, Inputs prompt, std::shared_ptr<GenerationRun> run, std::shared_ptr<Ticket> ticket,
                Completion done) override {
    RequestOptions options = run->options.request;
    entrance_.start(NewRequest{.model = model,
                               .submitted = Clock::now(),
                               .inputs = std::move(prompt),
                               .options = std::move(options),
                               .ticket = std::move(ticket),
                               .done = std::move(done),
                               .generation = std::move(run)},
                    [this](NewRequest&& request) { host_.generate(std::move(request)); });
  }

  void finish(Expected<Outputs> result, Completion done) override {
    struct Ended {
      Expected<Outputs> result;
      Completion done;
    };
    const std::optional<Error> error = result ? std::nullopt : std::optional(result.error());
    entrance_.start(
        Ended{std::move(result), std::move(done)}, [](Ended&& ended) { ended.done(std::move(ended.result)); },
        error ? &*error : nullptr);
  }

  void fetch(const ResidentTensor& tensor, Completion done) override {
    struct Copy {
      TensorCopy of;
      Completion done;
    };
    entrance_.start(Copy{TensorCopy(tensor), std::move(done)},
                    [this](Copy&& copy) { host_.copy(copy.of, std::move(copy.done)); });
  }

  void cancel(std::shared_ptr<Ticket> ticket) override {
    entrance_.post([this, ticket = std::move(ticket)] {
      if (!reader_.cancel(*ticket)) host_.cancel(*ticket);
    });
  }

  void release(WorkerId worker, TensorId tensor) override {
    entrance_.post([this, worker, tensor] { host_.release(worker, tensor); });
  }

  // --- models

  /// Loads the part's files into one worker per tab.
  void load(Part part) {
    entrance_.start(std::move(part), [this](Part&& given) { host_.load(std::move(given)); });
  }

  /// The same with files that have not been read yet.
  void load(Reader::Job job) {
    entrance_.start(std::move(job), [this](Reader::Job&& given) { reader_.start(std::move(given)); });
  }

  /// Loads models of which the first is wanted first, and waits only until the pool knows them: requests may come, and
  /// wait for their model alone. A model that can't be loaded stays until it is released, and ends its requests with
  /// the reasons. Throws `errc::pool_closed`.
  std::vector<ModelIndex> load_parts(std::vector<Part> parts) {
    return entrance_.call([&] { return host_.load_parts(std::move(parts)); });
  }

  void release(ModelIndex model) override {
    entrance_.post([this, model] { host_.release(model); });
  }

  bool has_model(std::string_view name) const {
    return entrance_.ask([&] { return host_.models().has(name) || reader_.reads(name); });
  }

  // --- messages

  void on_join(JoinHandler handler) {
    entrance_.post([this, handler = std::move(handler)]() mutable { host_.on_join(std::move(handler)); });
  }

  void on_message(std::string name, MessageHandler handler) {
    entrance_.post([this, name = std::move(name), handler = std::move(handler)]() mutable {
      host_.on_message(std::move(name), std::move(handler));
    });
  }

  /// Sends a frame to this tab, or without one to all; returns how many it went to.
  std::size_t send_frame(std::optional<ConnectionId> to, std::string frame) {
    return entrance_.ask([&] { return host_.send_frame(to, std::move(frame)); });
  }

  // --- what it knows

  /// Evaluates `question(engine)` on the pool's thread and waits for the answer; after `close`, on the caller's.
  template <class Question>
  auto ask(Question question) const {
    return entrance_.ask([&] { return question(host_.engine()); });
  }

  Metrics metrics() const {
    return entrance_.ask([this] {
      Metrics metrics = host_.metrics();
      metrics.cache_hits = cache_counts_->hits;
      metrics.cache_misses = cache_counts_->misses;
      return metrics;
    });
  }

 private:
  static constexpr std::chrono::milliseconds tick_interval{100};
  static constexpr std::chrono::seconds shutdown_timeout{3};

  void run() {
    loop_.post([this] {
      host_.start();
      tick();
    });
    loop_.run();
    host_.clear();
    loop_.ended();
  }

  void tick() {
    const TimePoint now = Clock::now();
    server_.tick(now);
    host_.tick(now);
    if (stopping_since_ && (host_.is_empty() || now > *stopping_since_ + shutdown_timeout))
      return loop_.context().stop();
    timer_.expires_after(stopping_since_ ? tick_interval / 10 : tick_interval);
    timer_.async_wait([this](const asio::error_code& aborted) {
      if (!aborted) tick();
    });
  }

  void begin_shutdown() {
    server_.stop_listening();
    reader_.close();
    host_.begin_shutdown();
    stopping_since_ = Clock::now();
    timer_.cancel();
    tick();
  }

  const PoolOptions options_;
  const std::shared_ptr<Backlog> backlog_ = std::make_shared<Backlog>(options_.backlog);
  const std::shared_ptr<CacheCounts> cache_counts_ = std::make_shared<CacheCounts>();
  EventLoop loop_{*backlog_, options_.busy_poll};
  mutable Entrance entrance_{loop_, *backlog_};
  asio::steady_timer timer_{loop_.context()};
  Host host_;
  Reader reader_{entrance_, [this](Part part) { host_.load(std::move(part)); }};
  PageFiles files_;
  transport::WebSocketServer server_;
  const std::string join_url_;
  std::optional<TimePoint> stopping_since_;
  std::thread thread_;  ///< last, so that everything else is there when it starts
};

}  // namespace webpool::driver
