#pragma once

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/async.hpp>
#include <webpool/detail/completion_signature.hpp>
#include <webpool/driver/completion.hpp>
#include <webpool/driver/token_queue.hpp>
#include <webpool/error.hpp>
#include <webpool/generation.hpp>
#include <webpool/model.hpp>
#include <webpool/transport/asio.hpp>

#if defined(ASIO_HAS_CO_AWAIT)
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>
#endif

namespace webpool {

/// A generation as an async generator of tokens:
///
///     webpool::TokenStream stream(model, prompt, {.max_tokens = 100});
///     while (auto token = co_await stream.next()) std::cout << decode(*token);
///
/// Begins at once; tokens that nobody has taken yet wait. Destroying it cancels what is not done. Its functions are for
/// one thread at a time.
class TokenStream {
 public:
  /// As `Model::async_generate`, whose errors the last token is followed by.
  TokenStream(const Model& model, std::vector<std::int64_t> prompt, GenerationOptions options = {}) {
    model.async_generate(
        std::move(prompt), std::move(options), [queue = queue_](std::int64_t token) { queue->push(token); },
        asio::bind_cancellation_slot(cancellation_->slot(),
                                     [queue = queue_](const std::exception_ptr& failed, Generation all) {
                                       queue->end(ended(failed, std::move(all)));
                                     }));
  }
  TokenStream(TokenStream&&) noexcept = default;
  TokenStream& operator=(TokenStream&&) = delete;
  ~TokenStream() {
    if (cancellation_) cancellation_->emit(asio::cancellation_type::all);
  }

  /// The next token, once it is there, with any Asio completion token; empty after the last one. Handler signature
  /// `void(std::exception_ptr, std::optional<std::int64_t>)`; the exception is the `Error` that the generation ended
  /// with. One at a time. A cancellation slot ends the waiting with `errc::cancelled`, and not the generation: no token
  /// is lost.
  template <class Token>
  auto async_next(Token&& token) {
    return asio::async_initiate<Token, detail::CompletionSignature<std::optional<std::int64_t>>>(
        [queue = queue_](auto handler) {
          if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
            slot.assign([waited = std::weak_ptr(queue)](asio::cancellation_type) {
              if (const auto alive = waited.lock())
                alive->interrupt(Error(errc::cancelled, "cancelled while it waited for a token"));
            });
          const auto executor = asio::get_associated_executor(handler);
          driver::TokenQueue::Waiter waiter =
              driver::complete_on_executor<std::optional<std::int64_t>>(std::move(handler));
          if (auto next = queue->take(waiter))  // not inside this function, which must return before the handler runs
            asio::post(executor,
                       [waiter = std::move(waiter), next = *std::move(next)]() mutable { waiter(std::move(next)); });
        },
        token);
  }

#if defined(ASIO_HAS_CO_AWAIT)  // not with every compiler
  /// `async_next` for coroutines.
  asio::awaitable<std::optional<std::int64_t>> next() { return async_next(asio::use_awaitable); }
#endif

  /// All of it; empty until it has ended well.
  std::optional<Generation> result() const { return queue_->result(); }

 private:
  static Expected<Generation> ended(const std::exception_ptr& failed, Generation all) {
    if (!failed) return all;
    try {
      std::rethrow_exception(failed);
    } catch (const Error& error) {
      return error;
    }
  }

  std::shared_ptr<driver::TokenQueue> queue_ = std::make_shared<driver::TokenQueue>();
  std::unique_ptr<asio::cancellation_signal> cancellation_ = std::make_unique<asio::cancellation_signal>();
};

}  // namespace webpool
