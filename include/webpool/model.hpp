#pragma once

#ifndef ASIO_STANDALONE
#define ASIO_STANDALONE
#endif

#include <asio/async_result.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <webpool/detail/completion_signature.hpp>
#include <webpool/expected.hpp>
#include <webpool/fwd.hpp>
#include <webpool/generation.hpp>
#include <webpool/impl/model_interface.hpp>
#include <webpool/model_info.hpp>
#include <webpool/outputs.hpp>
#include <webpool/request.hpp>
#include <webpool/task.hpp>
#include <webpool/tensor.hpp>

namespace webpool {

// Completion tokens take Asio's larger headers.
namespace detail {
template <class Token>
struct StartRun;  // include <webpool/async.hpp>
template <class Token>
struct StartGeneration;  // include <webpool/async.hpp>
}  // namespace detail

/// A model that a pool has loaded. Copies share it; when the last copy goes, the pool releases the model, not the tabs.
/// All functions may be called from any thread. A handle may outlive its pool: its calls then end with
/// `errc::pool_closed`.
class Model {
 public:
  const std::string& name() const noexcept { return impl_->name; }
  Task task() const noexcept { return impl_->task; }
  /// Inputs and outputs; free dimensions that got a value at load have it here.
  const ModelInfo& info() const noexcept { return impl_->info; }

  /// Runs once and waits, first for room where the pool holds as much as it may (`BacklogLimits`), and not at all where
  /// a response cache has the answer. Throws `Error`; `errc::would_deadlock` when called on the pool's own thread.
  Outputs operator()(Inputs inputs, RequestOptions options = {}) const {
    return impl_->run(std::move(inputs), std::move(options));
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
    return asio::async_initiate<Token, detail::CompletionSignature<Outputs>>(detail::StartRun<Token>{impl_}, token,
                                                                             std::move(inputs), std::move(options));
  }

  template <class Token>
  auto async_run(Inputs inputs, Token&& token) const {
    return async_run(std::move(inputs), RequestOptions{}, std::forward<Token>(token));
  }

  /// Runs all at once, spread over the tabs, and waits; one result or error each, in order.
  std::vector<Expected<Outputs>> run_concurrent(std::vector<Inputs> requests,
                                                const RequestOptions& options = {}) const {
    return impl_->run_concurrent(std::move(requests), options);
  }

  /// Runs all, as one run when the model's first axis is one free dimension, by name or because requests are batched,
  /// and the requests agree in all others; else concurrently. Where requests are batched (`BatchOptions`), in runs of
  /// at most the maximum of rows, though no request is divided. Throws the first error.
  std::vector<Outputs> run_batch(std::vector<Inputs> requests, const RequestOptions& options = {}) const {
    return impl_->run_batch(std::move(requests), options);
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
    return impl_->generate(std::move(prompt), std::move(options), on_token);
  }

  /// The same with any Asio completion token; handler signature `void(std::exception_ptr, Generation)`. `on_token` is
  /// called on the pool's thread, where it must neither block nor throw, and never after the handler. The handler, its
  /// executor and cancellation are as with `async_run`: a generation is cancelled between two tokens.
  template <class Token>
  auto async_generate(std::vector<std::int64_t> prompt, GenerationOptions options, TokenHandler on_token,
                      Token&& token) const {
    return asio::async_initiate<Token, detail::CompletionSignature<Generation>>(
        detail::StartGeneration<Token>{impl_}, token, std::move(prompt), std::move(options), std::move(on_token));
  }

  /// From now on at most so many rows of this model's requests share a run; 1: each request is a run of its own. What
  /// the load's `ModelOptions::batching` says otherwise remains. Throws `errc::invalid_options` for 0, and for more
  /// than 1 where the model can't be batched.
  void set_max_batch_size(std::size_t rows) const { impl_->set_max_batch_size(rows); }

  /// For pools: what a handle stands for.
  explicit Model(std::shared_ptr<const impl::ModelInterface> impl) : impl_(std::move(impl)) {}
  const std::shared_ptr<const impl::ModelInterface>& impl() const noexcept { return impl_; }

 private:
  std::shared_ptr<const impl::ModelInterface> impl_;
};

}  // namespace webpool
