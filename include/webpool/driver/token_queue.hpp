#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <utility>
#include <webpool/detail/unique_function.hpp>
#include <webpool/expected.hpp>
#include <webpool/generation.hpp>

namespace webpool::driver {

/// Tokens on their way from the pool's thread to one that takes them, and the end of their generation. Thread-safe.
class TokenQueue {
 public:
  using Next = Expected<std::optional<std::int64_t>>;  ///< a token; nothing after the last one; the error it ended with
  using Waiter = detail::UniqueFunction<void(Next)>;

  void push(std::int64_t token) {
    std::unique_lock lock(mutex_);
    if (!waiter_) return tokens_.push_back(token);
    tell(std::move(lock), std::optional(token));
  }

  void end(Expected<Generation> result) {
    std::unique_lock lock(mutex_);
    end_ = std::move(result);
    if (waiter_) tell(std::move(lock), ended());
  }

  /// What comes next, if it is there. Else the `waiter` is taken, of whom there must be one at a time, and is called
  /// once with it, by whoever brings it.
  std::optional<Next> take(Waiter& waiter) {
    const std::lock_guard lock(mutex_);
    if (!tokens_.empty()) {
      const std::int64_t token = tokens_.front();
      tokens_.pop_front();
      return std::optional(token);
    }
    if (end_) return ended();
    waiter_ = std::move(waiter);
    return std::nullopt;
  }

  /// Calls a waiter with this error instead, if there is one.
  void interrupt(const Error& error) {
    std::unique_lock lock(mutex_);
    if (waiter_) tell(std::move(lock), error);
  }

  /// The generation; empty until it has ended well.
  std::optional<Generation> result() const {
    const std::lock_guard lock(mutex_);
    return end_ && *end_ ? std::optional(**end_) : std::nullopt;
  }

 private:
  Next ended() const {
    if (*end_) return std::optional<std::int64_t>();
    return end_->error();
  }

  void tell(std::unique_lock<std::mutex> lock, Next next) {
    Waiter waiter = std::exchange(waiter_, {});
    lock.unlock();
    waiter(std::move(next));
  }

  mutable std::mutex mutex_;
  std::deque<std::int64_t> tokens_;
  Waiter waiter_;
  std::optional<Expected<Generation>> end_;
};

/// Waits for the next token; empty after the last one. Throws what the generation ended with.
inline std::optional<std::int64_t> wait_for_token(TokenQueue& queue) {
  std::promise<TokenQueue::Next> promise;
  auto future = promise.get_future();
  TokenQueue::Waiter waiter = [promise = std::move(promise)](TokenQueue::Next next) mutable {
    promise.set_value(std::move(next));
  };
  if (auto next = queue.take(waiter)) return std::move(*next).value();
  return future.get().value();
}

}  // namespace webpool::driver
