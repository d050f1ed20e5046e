#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/driver/backlog.hpp>
#include <webpool/driver/batch.hpp>
#include <webpool/driver/check_inputs.hpp>
#include <webpool/driver/check_options.hpp>
#include <webpool/driver/decoder.hpp>
#include <webpool/driver/event_loop.hpp>
#include <webpool/driver/generation_run.hpp>
#include <webpool/driver/resident_tensor.hpp>
#include <webpool/driver/response_cache.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/driver/token_queue.hpp>
#include <webpool/impl/lease.hpp>
#include <webpool/impl/model_interface.hpp>

namespace webpool::impl {

/// Checks a request, looks for its answer in the cache, finds it a place in the backlog, and submits it.
class ModelImpl final : public ModelInterface {
 public:
  /// `part`: which of the lease's models. `max_batch_size` is shared with the pool. Without a `cache` it is off.
  ModelImpl(std::string its_name, ModelInfo its_info, Task its_task, std::shared_ptr<Lease> lease, std::uint32_t part,
            std::size_t context, std::shared_ptr<std::atomic<std::size_t>> max_batch_size,
            std::shared_ptr<driver::ResponseCache> cache)
      : ModelInterface(std::move(its_name), std::move(its_info), its_task),
        lease_(std::move(lease)),
        part_(part),
        context_(context),
        max_batch_size_(std::move(max_batch_size)),
        cache_(std::move(cache)) {}

  Outputs run(Inputs inputs, RequestOptions options) const override {
    Admitted admitted;
    if (auto answer = admit(inputs, options, cache_.get(), admitted)) return std::move(*answer).value();
    driver::EventLoop::Waiter waiter(runtime()->loop());
    submit(std::move(inputs), std::move(options), std::move(admitted), nullptr,
           [&waiter](Expected<Outputs> result) { waiter.set(std::move(result)); });
    return std::move(waiter.wait()).value();
  }

  void start(Inputs inputs, RequestOptions options, std::shared_ptr<driver::Ticket> ticket,
             RunDone done) const override {
    Admitted admitted;
    auto answer = answer_now(cache_.get(), inputs, options, admitted);
    if (!answer) answer = find_room(inputs, options, Room::now, admitted);
    if (answer) return runtime()->finish(*std::move(answer), std::move(done));
    submit(std::move(inputs), std::move(options), std::move(admitted), std::move(ticket), std::move(done));
  }

  std::vector<Expected<Outputs>> run_concurrent(std::vector<Inputs> requests,
                                                const RequestOptions& options) const override {
    return run_all(std::move(requests), options, cache_.get());
  }

  std::vector<Outputs> run_batch(std::vector<Inputs> requests, const RequestOptions& options) const override {
    for (const auto& request : requests)
      if (auto error = driver::check_inputs(name, info, request, options)) throw Error(*error);
    refuse_pool_thread();
    if (!cache_ || !runtime()->is_open()) return compute_batch(requests, options);
    std::vector<std::optional<Outputs>> results;
    std::vector<Inputs> unknown;
    std::vector<std::optional<driver::Question>> questions;
    for (auto& request : requests) {
      if (cacheable(request)) {
        driver::Question question(request, options);
        if (results.emplace_back(cache_->find(question))) continue;
        questions.push_back(cache_->remember(std::move(question)));
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
      if (!result && questions[next]) cache_->add(*std::move(questions[next]), computed[next]);
      all.push_back(result ? *std::move(result) : std::move(computed[next++]));
    }
    return all;
  }

  Generation generate(std::vector<std::int64_t> prompt, GenerationOptions options,
                      const TokenHandler& on_token) const override {
    refuse_pool_thread();
    const auto queue = std::make_shared<driver::TokenQueue>();
    const auto ticket = std::make_shared<driver::Ticket>();
    const Room room = options.request.fail_if_full ? Room::now : Room::wait;
    begin(
        std::move(prompt), std::move(options), [queue](std::int64_t token) { queue->push(token); }, room, ticket,
        [queue](Expected<Generation> result) { queue->end(std::move(result)); });
    try {
      while (const auto token = driver::wait_for_token(*queue))
        if (on_token) on_token(*token);
    } catch (...) {
      runtime()->cancel(ticket);
      throw;
    }
    return *queue->result();
  }

  void start_generation(std::vector<std::int64_t> prompt, GenerationOptions options, TokenHandler on_token,
                        std::shared_ptr<driver::Ticket> ticket, GenerationDone done) const override {
    begin(std::move(prompt), std::move(options), std::move(on_token), Room::now, std::move(ticket), std::move(done));
  }

  void set_max_batch_size(std::size_t rows) const override {
    driver::check_batching(name, info, {.maximum = rows});
    if (rows > 1 && lease_->shared)
      throw Error(errc::invalid_options,
                  "model '" + name + "' shares its workers with others, whose requests can't be batched");
    *max_batch_size_ = rows;
  }

  const std::shared_ptr<driver::Runtime>& runtime() const noexcept override { return lease_->runtime; }
  const std::shared_ptr<std::atomic<std::size_t>>& max_batch_size() const noexcept { return max_batch_size_; }

  std::future<Expected<Outputs>> run_async(Inputs inputs, RequestOptions options) const {
    return run_async(std::move(inputs), std::move(options), cache_.get());
  }

 private:
  enum class Room : std::uint8_t { now, wait };

  /// What a request takes along once it has been checked.
  struct Admitted {
    std::optional<driver::Question> asked;  ///< whose answer the cache wants to know
    driver::Place place;
  };

  driver::ModelRef ref() const noexcept { return {lease_->index, part_}; }

  void refuse_pool_thread() const {
    if (runtime()->loop().runs_here())
      throw Error(errc::would_deadlock,
                  "a blocking call on the pool's own thread would wait for itself; use async_run in handlers");
  }

  /// A response cache compares bytes, and those of tensors in tabs are not here.
  static bool cacheable(const Inputs& inputs) { return !driver::touches_devices(inputs, {}); }

  /// Ends a request for which no tab is needed: a faulty one, and one whose answer `cache` has.
  std::optional<Expected<Outputs>> answer_now(driver::ResponseCache* cache, const Inputs& inputs,
                                              const RequestOptions& options, Admitted& admitted) const {
    if (auto error = driver::check_inputs(name, info, inputs, options)) return *std::move(error);
    if (!cache || !runtime()->is_open() || !cacheable(inputs)) return std::nullopt;
    driver::Question question(inputs, options);
    if (auto answer = cache->find(question)) return *std::move(answer);
    admitted.asked = cache->remember(std::move(question));
    return std::nullopt;
  }

  /// Takes a place in the pool's backlog; else the error that ends the request.
  std::optional<Expected<Outputs>> find_room(const Inputs& inputs, const RequestOptions& options, Room room,
                                             Admitted& admitted) const {
    driver::Backlog& backlog = runtime()->backlog();
    const std::size_t bytes = driver::bytes_of(inputs);
    auto place =
        room == Room::wait ? backlog.wait(bytes, driver::deadline_of(Clock::now(), options)) : backlog.enter(bytes);
    if (!place) return backlog.full(name, room == Room::wait ? errc::deadline_exceeded : errc::would_block);
    admitted.place = *std::move(place);
    return std::nullopt;
  }

  /// Admits a request of a blocking call, which may wait for room; else the answer, or the error that ends it.
  std::optional<Expected<Outputs>> admit(const Inputs& inputs, const RequestOptions& options,
                                         driver::ResponseCache* cache, Admitted& admitted) const {
    refuse_pool_thread();
    auto answer = answer_now(cache, inputs, options, admitted);
    if (!answer) answer = find_room(inputs, options, options.fail_if_full ? Room::now : Room::wait, admitted);
    return answer;
  }

  void submit(Inputs inputs, RequestOptions options, Admitted admitted, std::shared_ptr<driver::Ticket> ticket,
              RunDone done) const {
    if (admitted.asked)
      done = [cache = cache_, asked = *std::move(admitted.asked),
              told = std::move(done)](Expected<Outputs> result) mutable {
        if (result) cache->add(std::move(asked), *result);
        told(std::move(result));
      };
    runtime()->submit(ref(), std::move(inputs), std::move(options), std::move(ticket),
                      {std::move(done), std::move(admitted.place)});
  }

  std::future<Expected<Outputs>> run_async(Inputs inputs, RequestOptions options, driver::ResponseCache* cache) const {
    std::promise<Expected<Outputs>> promise;
    auto future = promise.get_future();
    Admitted admitted;
    if (auto answer = admit(inputs, options, cache, admitted))
      promise.set_value(*std::move(answer));
    else
      submit(
          std::move(inputs), std::move(options), std::move(admitted), nullptr,
          [promise = std::move(promise)](Expected<Outputs> result) mutable { promise.set_value(std::move(result)); });
    return future;
  }

  std::vector<Expected<Outputs>> run_all(std::vector<Inputs> requests, const RequestOptions& options,
                                         driver::ResponseCache* cache) const {
    std::vector<std::future<Expected<Outputs>>> futures;
    futures.reserve(requests.size());
    for (auto& request : requests) futures.push_back(run_async(std::move(request), options, cache));
    std::vector<Expected<Outputs>> results;
    results.reserve(futures.size());
    for (auto& future : futures) results.push_back(future.get());
    return results;
  }

  /// `run_batch` without the cache.
  std::vector<Outputs> compute_batch(std::span<const Inputs> requests, const RequestOptions& options) const {
    const std::size_t maximum = *max_batch_size_;
    struct Part {
      std::span<const Inputs> requests;
      std::vector<std::int64_t> rows;  ///< of each request when they are one run, else empty
    };
    std::vector<Part> parts;
    std::vector<Inputs> runs;
    const bool batched = maximum > 1 || driver::names_one_batch(info);
    for (const auto part : driver::divide(requests, maximum > 1 ? maximum : std::numeric_limits<std::size_t>::max())) {
      const bool apart = !batched || std::ranges::any_of(part, [&](const Inputs& each) {
        return driver::touches_devices(each, options);
      });
      auto batch = apart ? std::nullopt : driver::concatenate(info, part);
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

  void begin(std::vector<std::int64_t> prompt, GenerationOptions options, TokenHandler on_token, Room room,
             std::shared_ptr<driver::Ticket> ticket, GenerationDone done) const {
    std::optional<Expected<Outputs>> answer;
    if (auto error = driver::check_generation(name, info, context_, prompt, options))
      answer = *std::move(error);
    else if (const auto* there = driver::resident(options.text.cache(), *runtime());
             options.text && (!there || there->model() != lease_->index))
      answer = Error(errc::bad_input, "model '" + name + "' can't go on with another model's text");
    const auto length = static_cast<std::int64_t>(prompt.size());
    const std::size_t read = options.text.tokens() + prompt.size();
    Inputs inputs{{"prompt", Tensor::from(std::move(prompt), {length})}};
    if (options.text) inputs.push_back({"text", options.text.cache()});
    if (options.keep) options.request.keep_on_device = {std::string(driver::GenerationRun::cache_name)};
    Admitted admitted;
    if (!answer) answer = find_room(inputs, options.request, room, admitted);
    auto run = std::make_shared<driver::GenerationRun>(driver::GenerationRun{std::move(options), std::move(on_token),
                                                                             driver::vocabulary_of(info), read,
                                                                             driver::cache_bytes_per_token(info)});
    driver::Completion ended(driver::completion_of(run, std::move(done)), std::move(admitted.place));
    if (answer) return runtime()->finish(*std::move(answer), std::move(ended));
    runtime()->generate(ref(), std::move(inputs), std::move(run), std::move(ticket), std::move(ended));
  }

  const std::shared_ptr<Lease> lease_;
  const std::uint32_t part_;
  const std::size_t context_;
  const std::shared_ptr<std::atomic<std::size_t>> max_batch_size_;
  const std::shared_ptr<driver::ResponseCache> cache_;  ///< requests that run share it
};

}  // namespace webpool::impl
