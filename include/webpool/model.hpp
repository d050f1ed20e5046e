#pragma once

// Longer than other headers: all that a handle can do, each function with its contract.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/driver/batch.hpp>
#include <webpool/driver/check_inputs.hpp>
#include <webpool/driver/check_options.hpp>
#include <webpool/driver/completion.hpp>
#include <webpool/driver/decoder.hpp>
#include <webpool/driver/generation_run.hpp>
#include <webpool/driver/resident_tensor.hpp>
#include <webpool/driver/response_cache.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/driver/token_queue.hpp>
#include <webpool/expected.hpp>
#include <webpool/fwd.hpp>
#include <webpool/generation.hpp>
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

  /// Runs once and waits, first for room where the pool holds as much as it may (`BacklogLimits`), and not at all where
  /// a response cache has the answer. Throws `Error`; `errc::would_deadlock` when called on the pool's own thread.
  Outputs operator()(Inputs inputs, RequestOptions options = {}) const {
    std::optional<driver::Question> asked;
    driver::Backlog::Place place;
    if (auto answer = admit(inputs, options, state_->cache.get(), asked, place)) return std::move(*answer).value();
    driver::EventLoop::Waiter waiter(state_->lease->runtime->loop());
    submit(std::move(inputs), std::move(options), std::move(asked), std::move(place),
           [&waiter](Expected<Outputs> result) { waiter.set(std::move(result)); });
    return std::move(waiter.wait()).value();
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
          auto ticket = driver::cancellation_ticket(handler, state->lease->runtime);
          std::optional<driver::Question> asked;
          driver::Backlog::Place place;
          auto answer = answer_now(*state, state->cache.get(), in, how, asked);
          if (!answer) answer = find_room(*state, in, how, false, place);
          auto done = driver::complete_on_executor<Outputs>(std::move(handler), std::move(place));
          if (answer) return state->lease->runtime->finish(*std::move(answer), std::move(done));
          state->lease->runtime->submit(state->place(), std::move(in), std::move(how), std::move(ticket),
                                        remembering(*state, std::move(asked), std::move(done)));
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
    return run_all(std::move(requests), options, state_->cache.get());
  }

  /// Runs all, as one run when the model's first axis is a free dimension and the requests agree in all others, else
  /// concurrently. Where requests are batched (`BatchOptions`), in runs of at most the maximum of rows, though no
  /// request is divided. Throws the first error.
  std::vector<Outputs> run_batch(std::vector<Inputs> requests, const RequestOptions& options = {}) const {
    for (const auto& request : requests)
      if (auto error = driver::check_inputs(name(), info(), request, options)) throw Error(*error);
    refuse_pool_thread();
    if (!state_->cache || !state_->lease->runtime->is_open()) return compute_batch(requests, options);
    std::vector<std::optional<Outputs>> results;
    std::vector<Inputs> unknown;
    std::vector<std::optional<driver::Question>> questions;
    for (auto& request : requests) {
      if (cacheable(request)) {
        driver::Question question(request, options);
        if (results.emplace_back(state_->cache->find(question))) continue;
        questions.push_back(state_->cache->remember(std::move(question)));
      } else {
        results.emplace_back();
        questions.emplace_back();
      }
      unknown.push_back(std::move(request));
    }
    auto computed = compute_batch(unknown, options);
    std::vector<Outputs> all;
    all.reserve(results.size());
    std::size_t next = 0;
    for (auto& result : results) {
      if (!result && questions[next]) state_->cache->add(*std::move(questions[next]), computed[next]);
      all.push_back(result ? *std::move(result) : std::move(computed[next++]));
    }
    return all;
  }

  /// Lets a decoder go on with a prompt, and waits. `on_token` is called on the caller's thread as tokens come; what it
  /// throws ends the generation and reaches the caller.
  ///
  /// A decoder has the inputs `input_ids` INT64 [batch, sequence], `past_key_values.<x>` FP32 or FP16
  /// [batch, heads, past, size] and perhaps `attention_mask` and `position_ids`, and the outputs `logits` FP32
  /// [batch, sequence, vocabulary] and a `present.<x>` for each past, as decoders are usually exported. Its cache stays
  /// in the tab, on WebGPU in the GPU's memory. Up to `ConnectionSettings::requests_in_flight` generations of a tab
  /// take turns, token by token. With `GenerationOptions::keep` it stays after the last one, and another generation
  /// goes on with the text without reading it anew. Batching, the response cache and the checks of guests don't apply.
  ///
  /// Throws `Error`: `errc::invalid_options` where the model is no decoder or an option makes no sense,
  /// `errc::bad_input` for a prompt that is empty, has an unknown token, or does not fit into the context together with
  /// `max_tokens`; `errc::tensor_lost` for a text that is lost; a tab that goes away after the first token ends it with
  /// `errc::connection_lost`; otherwise as the call operator.
  Generation generate(std::vector<std::int64_t> prompt, GenerationOptions options = {},
                      const TokenHandler& on_token = {}) const {
    refuse_pool_thread();
    const auto queue = std::make_shared<driver::TokenQueue>();
    const auto ticket = std::make_shared<driver::Ticket>();
    start_generation(
        *state_, std::move(prompt), std::move(options), [queue](std::int64_t token) { queue->push(token); }, true,
        ticket,
        [&](driver::Backlog::Place place) {
          return [queue, place = std::move(place)](Expected<Generation> result) mutable {
            place.leave();
            queue->end(std::move(result));
          };
        });
    try {
      while (const auto token = driver::wait_for_token(*queue))
        if (on_token) on_token(*token);
    } catch (...) {
      state_->lease->runtime->cancel(ticket);
      throw;
    }
    return *queue->result();
  }

  /// The same with any Asio completion token; handler signature `void(std::exception_ptr, Generation)`. `on_token` is
  /// called on the pool's thread, where it must neither block nor throw, and never after the handler. The handler, its
  /// executor and cancellation are as with `async_run`: a generation is cancelled between two tokens.
  template <class Token>
  auto async_generate(std::vector<std::int64_t> prompt, GenerationOptions options, TokenHandler on_token,
                      Token&& token) const {
    return asio::async_initiate<Token, driver::CompletionSignature<Generation>>(
        [state = state_](auto handler, std::vector<std::int64_t> text, GenerationOptions how, TokenHandler hears) {
          auto ticket = driver::cancellation_ticket(handler, state->lease->runtime);
          start_generation(*state, std::move(text), std::move(how), std::move(hears), false, std::move(ticket),
                           [&](driver::Backlog::Place place) {
                             return driver::complete_on_executor<Generation>(std::move(handler), std::move(place));
                           });
        },
        token, std::move(prompt), std::move(options), std::move(on_token));
  }

  /// From now on at most so many rows of this model's requests share a run; 1: each request is a run of its own. What
  /// the load's `ModelOptions::batching` says otherwise remains. Throws `errc::invalid_options` for 0, and for more
  /// than 1 where the model can't be batched.
  void set_max_batch_size(std::size_t rows) const {
    driver::check_batching(name(), info(), {.maximum = rows});
    if (rows > 1 && state_->lease->shared)
      throw Error(errc::invalid_options,
                  "model '" + name() + "' shares its workers with others, whose requests can't be batched");
    *state_->max_batch_size = rows;
  }

 private:
  template <BrowserSelector, ScalingPolicy, MemoryPolicy, Scheduler>
  friend class ResourcePool;

  /// What the pool has loaded: one model, or those that share workers.
  struct Lease {
    std::shared_ptr<driver::Runtime> runtime;  ///< null when the load failed: then there is nothing to release
    ModelIndex index;
    bool shared = false;

    Lease(std::shared_ptr<driver::Runtime> of, bool several) : runtime(std::move(of)), shared(several) {}
    Lease(const Lease&) = delete;  // each releases the model once
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      if (runtime) runtime->release(index);
    }
  };
  struct State {
    std::shared_ptr<Lease> lease;
    std::uint32_t part = 0;
    std::string name;
    ModelInfo info;
    Task task = Task::other;
    std::size_t context = 0;                                   ///< `driver::context_of`
    std::shared_ptr<std::atomic<std::size_t>> max_batch_size;  ///< shared with the pool
    std::shared_ptr<driver::ResponseCache> cache;              ///< null: off; requests that run share it

    driver::ModelRef place() const noexcept { return {lease->index, part}; }
  };

  explicit Model(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  /// `run_batch` without the cache.
  std::vector<Outputs> compute_batch(std::span<const Inputs> requests, const RequestOptions& options) const {
    const std::size_t maximum = *state_->max_batch_size;
    struct Part {
      std::span<const Inputs> requests;
      std::vector<std::int64_t> rows;  ///< of each request when they are one run, else empty
    };
    std::vector<Part> parts;
    std::vector<Inputs> runs;
    for (const auto part : driver::divide(requests, maximum > 1 ? maximum : std::numeric_limits<std::size_t>::max())) {
      const bool apart =
          std::ranges::any_of(part, [&](const Inputs& each) { return driver::touches_devices(each, options); });
      auto batch = apart ? std::nullopt : driver::concatenate(info(), part);
      if (batch)
        runs.push_back(std::move(batch->inputs));
      else
        runs.insert(runs.end(), part.begin(), part.end());
      parts.push_back({part, batch ? std::move(batch->rows) : std::vector<std::int64_t>()});
    }
    auto ended = run_all(std::move(runs), options, nullptr);
    std::vector<Outputs> results;
    results.reserve(requests.size());
    auto next = ended.begin();
    for (const auto& [part, rows] : parts) {
      if (rows.empty()) {
        for (std::size_t i = 0; i < part.size(); ++i) results.push_back(std::move(*next++).value());
      } else if (auto split = driver::split((next++)->value(), rows)) {
        std::ranges::move(*split, std::back_inserter(results));
      } else {  // the page gave the batch another number of rows
        for (auto& result : run_all({part.begin(), part.end()}, options, nullptr))
          results.push_back(std::move(result).value());
      }
    }
    return results;
  }

  /// Ends a request for which no tab is needed: a faulty one, and one whose answer `cache` has. Otherwise empty, and
  /// `asked` is what `cache` wants to know the answer to, if anything.
  static std::optional<Expected<Outputs>> answer_now(const State& state, driver::ResponseCache* cache,
                                                     const Inputs& inputs, const RequestOptions& options,
                                                     std::optional<driver::Question>& asked) {
    if (auto error = driver::check_inputs(state.name, state.info, inputs, options)) return *std::move(error);
    if (!cache || !state.lease->runtime->is_open() || !cacheable(inputs)) return std::nullopt;
    driver::Question question(inputs, options);
    if (auto answer = cache->find(question)) return *std::move(answer);
    asked = cache->remember(std::move(question));
    return std::nullopt;
  }

  /// A response cache compares bytes, and those of tensors in tabs are not here.
  static bool cacheable(const Inputs& inputs) { return !driver::touches_devices(inputs, {}); }

  /// Takes a place in the pool's backlog, and waits for one if it may; else the error that ends the request.
  static std::optional<Expected<Outputs>> find_room(const State& state, const Inputs& inputs,
                                                    const RequestOptions& options, bool may_wait,
                                                    driver::Backlog::Place& place) {
    driver::Backlog& backlog = state.lease->runtime->backlog();
    const std::size_t bytes = driver::bytes_of(inputs);
    auto room = may_wait ? backlog.wait(bytes, driver::deadline_of(Clock::now(), options)) : backlog.enter(bytes);
    if (!room) return backlog.full(state.name, may_wait ? errc::deadline_exceeded : errc::would_block);
    place = *std::move(room);
    return std::nullopt;
  }

  static driver::Runtime::Completion remembering(const State& state, std::optional<driver::Question> asked,
                                                 driver::Runtime::Completion done) {
    if (!asked) return done;
    return [cache = state.cache, asked = *std::move(asked), done = std::move(done)](Expected<Outputs> result) mutable {
      if (result) cache->add(std::move(asked), *result);
      done(std::move(result));
    };
  }

  /// `make_done(place)` is what hears of the end, and gives the place in the backlog back.
  template <class MakeDone>
  static void start_generation(const State& state, std::vector<std::int64_t> prompt, GenerationOptions options,
                               TokenHandler on_token, bool may_wait, std::shared_ptr<driver::Ticket> ticket,
                               MakeDone make_done) {
    std::optional<Expected<Outputs>> answer;
    if (auto error = driver::check_generation(state.name, state.info, state.context, prompt, options))
      answer = *std::move(error);
    else if (const auto* there = driver::resident(options.text.cache(), *state.lease->runtime);
             options.text && (!there || there->model() != state.lease->index))
      answer = Error(errc::bad_input, "model '" + state.name + "' can't go on with another model's text");
    const auto length = static_cast<std::int64_t>(prompt.size());
    const std::size_t read = options.text.tokens() + prompt.size();
    Inputs inputs{{"prompt", Tensor::from(std::move(prompt), {length})}};
    if (options.text) inputs.push_back({"text", options.text.cache()});
    if (options.keep) options.request.keep_on_device = {std::string(driver::GenerationRun::cache_name)};
    driver::Backlog::Place place;
    if (!answer) answer = find_room(state, inputs, options.request, may_wait && !options.request.fail_if_full, place);
    auto run = std::make_shared<driver::GenerationRun>(
        driver::GenerationRun{std::move(options), std::move(on_token), driver::vocabulary_of(state.info), read,
                              driver::cache_bytes_per_token(state.info)});
    auto done = driver::completion_of(run, make_done(std::move(place)));
    if (answer) return state.lease->runtime->finish(*std::move(answer), std::move(done));
    state.lease->runtime->generate(state.place(), std::move(inputs), std::move(run), std::move(ticket),
                                   std::move(done));
  }

  void refuse_pool_thread() const {
    if (state_->lease->runtime->loop().runs_here())
      throw Error(errc::would_deadlock,
                  "a blocking call on the pool's own thread would wait for itself; use async_run in handlers");
  }

  /// Admits a request of a blocking call, which may wait for room; else the answer, or the error that ends it.
  std::optional<Expected<Outputs>> admit(const Inputs& inputs, const RequestOptions& options,
                                         driver::ResponseCache* cache, std::optional<driver::Question>& asked,
                                         driver::Backlog::Place& place) const {
    refuse_pool_thread();
    auto answer = answer_now(*state_, cache, inputs, options, asked);
    if (!answer) answer = find_room(*state_, inputs, options, !options.fail_if_full, place);
    return answer;
  }

  /// Submits what was admitted; `ended(result)` comes when its place is free again.
  template <class Ended>
  void submit(Inputs inputs, RequestOptions options, std::optional<driver::Question> asked,
              driver::Backlog::Place place, Ended ended) const {
    state_->lease->runtime->submit(
        state_->place(), std::move(inputs), std::move(options), nullptr,
        remembering(*state_, std::move(asked),
                    [ended = std::move(ended), place = std::move(place)](Expected<Outputs> result) mutable {
                      place.leave();
                      ended(std::move(result));
                    }));
  }

  std::future<Expected<Outputs>> start(Inputs inputs, RequestOptions options, driver::ResponseCache* cache) const {
    std::promise<Expected<Outputs>> promise;
    auto future = promise.get_future();
    std::optional<driver::Question> asked;
    driver::Backlog::Place place;
    if (auto answer = admit(inputs, options, cache, asked, place))
      promise.set_value(*std::move(answer));
    else
      submit(
          std::move(inputs), std::move(options), std::move(asked), std::move(place),
          [promise = std::move(promise)](Expected<Outputs> result) mutable { promise.set_value(std::move(result)); });
    return future;
  }

  std::vector<Expected<Outputs>> run_all(std::vector<Inputs> requests, const RequestOptions& options,
                                         driver::ResponseCache* cache) const {
    std::vector<std::future<Expected<Outputs>>> futures;
    futures.reserve(requests.size());
    for (auto& request : requests) futures.push_back(start(std::move(request), options, cache));
    std::vector<Expected<Outputs>> results;
    results.reserve(futures.size());
    for (auto& future : futures) results.push_back(future.get());
    return results;
  }

  std::shared_ptr<const State> state_;
};

}  // namespace webpool
