#pragma once

#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <webpool/driver/backlog.hpp>
#include <webpool/driver/event_loop.hpp>
#include <webpool/error.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool::driver {

/// The gate between all threads and the pool's loop: whatever other threads want of the pool comes in here, until it is
/// shut. Nothing is posted after that. Touches the loop and the backlog, nothing that lives in the loop. Any thread.
class Entrance {
 public:
  Entrance(EventLoop& loop, Backlog& backlog) : loop_(loop), backlog_(backlog) {}

  static Error closed_error() { return Error(errc::pool_closed, "the pool is closed"); }

  bool is_open() const {
    const std::lock_guard lock(gate_);
    return open_;
  }

  /// Has the task run in the loop, unless the gate is shut.
  template <class Task>
  void post(Task task) {
    const std::lock_guard lock(gate_);
    if (open_) loop_.post(std::move(task));
  }

  /// Has `task(operation)` run in the loop. Where the gate is shut, `operation.done` is told `*error`, if there is one,
  /// or else `errc::pool_closed`: later, as every asynchronous operation ends.
  template <class Operation, class Task>
  void start(Operation&& operation, Task task, const Error* error = nullptr) {
    static_assert(std::is_rvalue_reference_v<Operation&&>);
    {
      const std::lock_guard lock(gate_);
      if (open_)
        return loop_.post(
            [operation = std::forward<Operation>(operation), task]() mutable { task(std::move(operation)); });
    }
    // Not inside its initiating function, which must return before the handler runs, but on a thread of Asio's.
    asio::post(asio::system_executor(),
               [done = std::move(operation.done), error = error ? *error : closed_error()]() mutable {
                 done(std::move(error));
               });
  }

  /// Runs the task in the loop and waits for its result. Throws what it throws; where the gate is shut,
  /// `errc::pool_closed`.
  template <class Task>
  auto call(Task task) -> std::invoke_result_t<Task&> {
    if (loop_.runs_here()) return task();
    std::unique_lock lock(gate_);
    if (!open_) throw closed_error();
    return wait_for(std::move(task), std::move(lock));
  }

  /// The same for a task that only looks. Where the gate is shut, it runs on the caller's thread, once the loop has
  /// ended.
  template <class Question>
  auto ask(Question question) -> std::invoke_result_t<Question&> {
    if (loop_.runs_here()) return question();
    std::unique_lock lock(gate_);
    if (open_) return wait_for(std::move(question), std::move(lock));
    lock.unlock();
    const std::lock_guard gone(closing_);
    return question();
  }

  /// Shuts the gate, has `last` run in the loop, and waits until `loop_thread` has ended; a second call waits for the
  /// first. Throws `errc::would_deadlock` in the loop.
  template <class Last>
  void close(std::thread& loop_thread, Last last) {
    if (loop_.runs_here())
      throw Error(errc::would_deadlock, "a pool can't be closed on its own thread, which it would wait for");
    const std::lock_guard once(closing_);
    if (!loop_thread.joinable()) return;
    {
      const std::lock_guard lock(gate_);
      open_ = false;
    }
    backlog_.close();
    loop_.post(std::move(last));
    loop_thread.join();
  }

 private:
  template <class Task>
  auto wait_for(Task task, std::unique_lock<std::mutex> lock) -> std::invoke_result_t<Task&> {
    std::packaged_task<std::invoke_result_t<Task&>()> packed(std::ref(task));
    auto result = packed.get_future();
    // It moves along: its result wakes the caller while the loop's thread is still inside it.
    loop_.post([packed = std::move(packed)]() mutable { packed(); });
    lock.unlock();
    return result.get();
  }

  EventLoop& loop_;
  Backlog& backlog_;
  mutable std::mutex gate_;  ///< guards `open_`
  bool open_ = true;
  std::mutex closing_;  ///< held while `close` waits
};

}  // namespace webpool::driver
