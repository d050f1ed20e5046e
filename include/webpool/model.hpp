#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <iterator>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/driver/batch.hpp>
#include <webpool/driver/check_inputs.hpp>
#include <webpool/driver/check_options.hpp>
#include <webpool/driver/completion.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/expected.hpp>
#include <webpool/fwd.hpp>
#include <webpool/model_info.hpp>
#include <webpool/outputs.hpp>
#include <webpool/request.hpp>
#include <webpool/task.hpp>
#include <webpool/tensor.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool {

/// A model that a pool has loaded. Copies share it; when the last copy goes, the pool releases the model, not the tabs.
/// All functions may be called from any thread. A handle may outlive its pool: its calls then end with
/// `errc::pool_closed`.
class Model {
 public:
  const std::string& name() const noexcept { return state_->name; }
  Task task() const noexcept { return state_->task; }
  /// Inputs and outputs; free dimensions that got a value at load have it here.
  const ModelInfo& info() const noexcept { return state_->info; }

  /// Runs once and waits, first for room where the pool holds as much as it may (`BacklogLimits`). Throws `Error`;
  /// `errc::would_deadlock` when called on the pool's own thread.
  Outputs operator()(Inputs inputs, RequestOptions options = {}) const {
    auto future = start(std::move(inputs), std::move(options));
    return std::move(future.get()).value();
  }

  /// Runs once, with any Asio completion token; handler signature `void(std::exception_ptr, Outputs)`.
  ///
  /// The exception is a `webpool::Error`. The handler runs on its associated executor, by default on the pool's thread
  /// (when the pool is closed, on one of Asio's), where it must neither block nor throw. Inputs are checked before
  /// anything is sent. Where the pool holds as much as it may (`BacklogLimits`), the exception is `errc::would_block`.
  /// A cancellation slot ends the request with `errc::cancelled`, also while the page computes. Tensors that the inputs
  /// borrow must live until the handler runs.
  template <class Token>
  auto async_run(Inputs inputs, RequestOptions options, Token&& token) const {
    return asio::async_initiate<Token, driver::CompletionSignature<Outputs>>(
        [state = state_](auto handler, Inputs in, RequestOptions how) {
          auto ticket = driver::cancellation_ticket(handler, state->runtime);
          auto place = state->runtime->backlog().enter(driver::bytes_of(in));
          if (!place)
            return state->runtime->refuse(state->runtime->backlog().full(state->name),
                                          driver::complete_on_executor<Outputs>(std::move(handler)));
          submit(*state, std::move(in), std::move(how), std::move(ticket),
                 driver::complete_on_executor<Outputs>(std::move(handler), std::move(*place)));
        },
        token, std::move(inputs), std::move(options));
  }

  template <class Token>
  auto async_run(Inputs inputs, Token&& token) const {
    return async_run(std::move(inputs), RequestOptions{}, std::forward<Token>(token));
  }

  /// Runs all at once, spread over the tabs, and waits; one result or error each, in order.
  std::vector<Expected<Outputs>> run_concurrent(std::vector<Inputs> requests,
                                                const RequestOptions& options = {}) const {
    std::vector<std::future<Expected<Outputs>>> futures;
    futures.reserve(requests.size());
    for (auto& request : requests) futures.push_back(start(std::move(request), options));
    std::vector<Expected<Outputs>> results;
    results.reserve(futures.size());
    for (auto& future : futures) results.push_back(future.get());
    return results;
  }

  /// Runs all, as one run when the model's first axis is a free dimension and the requests agree in all others, else
  /// concurrently. Where requests are batched (`BatchOptions`), in runs of at most the maximum of rows, though no
  /// request is divided. Throws the first error.
  std::vector<Outputs> run_batch(std::vector<Inputs> requests, const RequestOptions& options = {}) const {
    for (const auto& request : requests)
      if (auto error = driver::check_inputs(name(), info(), request, options)) throw Error(*error);
    const std::size_t maximum = *state_->max_batch_size;
    struct Part {
      std::span<const Inputs> requests;
      std::vector<std::int64_t> rows;  ///< of each request when they are one run, else empty
    };
    std::vector<Part> parts;
    std::vector<Inputs> runs;
    for (const auto part : driver::divide(requests, maximum > 1 ? maximum : std::numeric_limits<std::size_t>::max())) {
      auto batch = driver::concatenate(info(), part);
      if (batch)
        runs.push_back(std::move(batch->inputs));
      else
        runs.insert(runs.end(), part.begin(), part.end());
      parts.push_back({part, batch ? std::move(batch->rows) : std::vector<std::int64_t>()});
    }
    auto ended = run_concurrent(std::move(runs), options);
    std::vector<Outputs> results;
    results.reserve(requests.size());
    auto next = ended.begin();
    for (const auto& [part, rows] : parts) {
      if (rows.empty()) {
        for (std::size_t i = 0; i < part.size(); ++i) results.push_back(std::move(*next++).value());
      } else if (auto split = driver::split((next++)->value(), rows)) {
        std::ranges::move(*split, std::back_inserter(results));
      } else {  // the page gave the batch another number of rows
        for (auto& result : run_concurrent({part.begin(), part.end()}, options))
          results.push_back(std::move(result).value());
      }
    }
    return results;
  }

  /// From now on at most so many rows of this model's requests share a run; 1: each request is a run of its own. What
  /// the load's `ModelOptions::batching` says otherwise remains. Throws `errc::invalid_options` for 0, and for more
  /// than 1 where the model can't be batched.
  void set_max_batch_size(std::size_t rows) const {
    driver::check_batching(name(), info(), {.maximum = rows});
    *state_->max_batch_size = rows;
  }

 private:
  template <BrowserSelector, ScalingPolicy, MemoryPolicy, Scheduler>
  friend class ResourcePool;

  struct State {
    std::shared_ptr<driver::Runtime> runtime;  ///< null when the load failed: then there is nothing to release
    ModelIndex index;
    std::string name;
    ModelInfo info;
    Task task = Task::other;
    std::shared_ptr<std::atomic<std::size_t>> max_batch_size;  ///< shared with the pool

    State() = default;
    State(const State&) = delete;  // each releases the model once
    State& operator=(const State&) = delete;
    ~State() {
      if (runtime) runtime->release(index);
    }
  };

  explicit Model(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  static void submit(const State& state, Inputs inputs, RequestOptions options, std::shared_ptr<driver::Ticket> ticket,
                     driver::Runtime::Completion done) {
    if (auto error = driver::check_inputs(state.name, state.info, inputs, options))
      return state.runtime->refuse(*std::move(error), std::move(done));
    state.runtime->submit(state.index, std::move(inputs), std::move(options), std::move(ticket), std::move(done));
  }

  std::future<Expected<Outputs>> start(Inputs inputs, RequestOptions options) const {
    if (state_->runtime->on_pool_thread())
      throw Error(errc::would_deadlock,
                  "a blocking call on the pool's own thread would wait for itself; use async_run in handlers");
    std::promise<Expected<Outputs>> promise;
    auto future = promise.get_future();
    driver::Backlog& backlog = state_->runtime->backlog();
    const std::size_t bytes = driver::bytes_of(inputs);
    auto place =
        options.would_block ? backlog.enter(bytes) : backlog.wait(bytes, driver::deadline_of(Clock::now(), options));
    if (!place) {
      const Error full = backlog.full(name());
      promise.set_value(options.would_block ? full : Error(errc::deadline_exceeded, full.message()));
      return future;
    }
    submit(*state_, std::move(inputs), std::move(options), nullptr,
           [promise = std::move(promise), place = std::move(*place)](Expected<Outputs> result) mutable {
             place.leave();
             promise.set_value(std::move(result));
           });
    return future;
  }

  std::shared_ptr<const State> state_;
};

}  // namespace webpool
