#pragma once

// A pool whose pages are links in memory: all of the driver but its thread, its sockets and its files. Everything
// happens inside the calls.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include <webpool/driver/runtime.hpp>
#include <webpool/transport/link.hpp>
#include <webpool/transport/loopback.hpp>

#include "pool.hpp"
#include "wire.hpp"

namespace webpool::testing {

/// All functions are called on one thread, which is the pool's loop.
class LoopbackPool final : public driver::Runtime {
 public:
  static std::shared_ptr<LoopbackPool> make(PoolOptions options = quiet()) {
    return std::make_shared<LoopbackPool>(std::move(options));
  }
  explicit LoopbackPool(PoolOptions options);
  ~LoopbackPool() override;

  const std::string& join_url() const noexcept;
  /// For transports.
  const transport::LinkHandlers& handlers() const noexcept;

  /// Loads the digits model; `loaded` has the end.
  void load(ModelOptions how = {});
  /// Loads the digits model several times as parts of one whole, the first one first.
  std::vector<ModelIndex> load_parts(std::size_t number);
  bool has_model(const std::string& name) const;
  /// Runs the first model; `ends` has the end.
  void run(Inputs inputs, RequestOptions how = {}, std::shared_ptr<driver::Ticket> ticket = nullptr);
  /// Puts a request's end among `ends`.
  driver::Completion keep_end();

  void on_join(std::function<void(const BrowserInfo&)> handler);
  void on_message(std::string name, MessageHandler handler);
  std::size_t send_frame(std::optional<ConnectionId> to, std::string frame);
  Metrics metrics() const;
  std::vector<ConnectionInfo> connections() const;

  void tick(TimePoint now);
  void begin_shutdown();
  bool is_empty() const;

  void submit(driver::ModelRef model, Inputs inputs, RequestOptions how, std::shared_ptr<driver::Ticket> ticket,
              driver::Completion done) override;
  void generate(driver::ModelRef model, Inputs prompt, std::shared_ptr<driver::GenerationRun> run,
                std::shared_ptr<driver::Ticket> ticket, driver::Completion done) override;
  void finish(Expected<Outputs> result, driver::Completion done) override;
  bool is_open() const override { return true; }
  void cancel(std::shared_ptr<driver::Ticket> ticket) override;
  void release(ModelIndex model) override;
  void fetch(const driver::ResidentTensor& tensor, driver::Completion done) override;
  void release(WorkerId worker, TensorId tensor) override;
  driver::EventLoop& loop() noexcept override;
  driver::Backlog& backlog() noexcept override;

  std::vector<Expected<ModelIndex>> loaded;
  std::vector<Expected<Outputs>> ends;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A link to such a pool.
class LoopbackPage {
 public:
  LoopbackPage(const LoopbackPool& pool, transport::Channel channel)
      : link(transport::Loopback::open(pool.handlers(), channel)) {}

  /// The next message of the pool; throws when there is none.
  Received next() const {
    auto message = link->take();
    if (!message) throw std::runtime_error("the pool has said nothing");
    return Received(*message);
  }
  /// The next message of that type, passing over others.
  Received next(std::string_view type) const {
    while (true)
      if (Received message = next(); message.type() == type) return message;
  }
  bool has_news() const { return link->buffered() > 0; }

  /// With what words the pool closes the link; empty when it does not.
  std::string closing_words() const { return link->closing() ? link->closing()->words : ""; }

  std::shared_ptr<transport::Loopback> link;
};

/// A worker that has attached.
struct LoopbackWorker : LoopbackPage {
  LoopbackWorker(const LoopbackPool& pool, std::uint64_t worker, const std::string& key)
      : LoopbackPage(pool, transport::Channel::data), id(worker) {
    link->say(attach_frame(worker, key));
  }

  /// Answers the next run with these ten numbers.
  void answer(const std::vector<float>& values) const {
    link->say(result_frame(next("run").integer("id"), values, "[1,10]"));
  }

  std::uint64_t id;
};

/// A tab that has joined.
struct LoopbackTab : LoopbackPage {
  explicit LoopbackTab(LoopbackPool& of, const std::string& browser = "firefox")
      : LoopbackPage(of, transport::Channel::control), pool(of) {
    link->say(hello(token_of(pool.join_url()), "", browser));
    connection = ConnectionId{next("welcome").integer("connection")};
  }

  /// The worker that the pool asks for, which has attached.
  LoopbackWorker worker() const {
    const Received open = next("open_worker");
    return {pool, open.integer("worker"), open.text("key")};
  }
  /// It has loaded its model, too.
  LoopbackWorker loaded_worker() const {
    LoopbackWorker worker = this->worker();
    worker.next("load");
    worker.link->say(loaded_frame(worker.id));
    return worker;
  }

  LoopbackPool& pool;
  ConnectionId connection;
};

/// A pool with one tab that holds the digits model.
struct LoopbackStage {
  explicit LoopbackStage(PoolOptions options = quiet(), ModelOptions how = {})
      : pool(LoopbackPool::make(std::move(options))), tab(*pool) {
    pool->load(std::move(how));
    worker.emplace(tab.loaded_worker());
  }

  std::shared_ptr<LoopbackPool> pool;
  LoopbackTab tab;
  std::optional<LoopbackWorker> worker;
};

/// The error that an operation ended with.
template <class Value>
const Error& error_in(const Expected<Value>& result) {
  REQUIRE_FALSE(result);
  return result.error();
}

}  // namespace webpool::testing
