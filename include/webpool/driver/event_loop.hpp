#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <webpool/clock.hpp>
#include <webpool/driver/backlog.hpp>
#include <webpool/expected.hpp>
#include <webpool/outputs.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool::driver {

/// The pool's event loop, in which one thread at a time runs: the pool's own, or a caller that waits for the only
/// request there is. Such a caller sends it and hears the answer by itself, where waking the one thread for the other
/// would take longer than what they do (leader and followers: Schmidt et al., Pattern-Oriented Software Architecture,
/// volume 2). All functions may be called from any thread, but for those that say otherwise.
class EventLoop {
 public:
  /// A caller that waits for one request, from before it is submitted.
  class Waiter {
   public:
    explicit Waiter(EventLoop& loop) : loop_(loop) { loop_.enter(*this); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() { loop_.leave(*this); }

    /// Ends the wait; once.
    void set(Expected<Outputs> result) {
      const std::lock_guard lock(loop_.mutex_);
      result_ = std::move(result);
      ended_ = true;
      changed_.notify_one();
    }

    /// Waits for `set`, and runs the loop meanwhile if it is this caller's turn. What a handler throws then ends the
    /// program, as on the pool's own thread.
    Expected<Outputs> wait() noexcept { return loop_.wait(*this); }  // NOLINT(bugprone-exception-escape)

   private:
    friend class EventLoop;
    EventLoop& loop_;
    const std::thread::id thread_ = std::this_thread::get_id();
    std::condition_variable changed_;
    std::optional<Expected<Outputs>> result_;
    std::atomic<bool> ended_ = false;
    bool leads_ = false;
  };

  /// The backlog tells how many requests there are; `busy_poll` is `PoolOptions::busy_poll`.
  explicit EventLoop(const Backlog& backlog, std::chrono::microseconds busy_poll = {})
      : backlog_(backlog), busy_poll_(busy_poll) {}

  asio::io_context& context() noexcept { return context_; }

  /// Whether this thread is the one that runs the loop.
  bool runs_here() const noexcept { return runner_id_.load() == std::this_thread::get_id(); }

  /// Has the task run in the loop.
  template <class Task>
  void post(Task&& task) {
    asio::post(context_, std::forward<Task>(task));
    if (runs_here()) return;
    const std::lock_guard lock(mutex_);
    if (runner_ == Runner::caller)
      wanted_ = true;
    else if (runner_ == Runner::nobody)
      hand_to_own();
  }

  /// Runs the task on the pool's own thread and waits for that. Called in the loop.
  template <class Task>
  void run_on_own(Task task) {
    if (std::this_thread::get_id() == own_id_) return task();
    std::unique_lock lock(mutex_);
    own_task_ = std::ref(task);
    own_turn_.notify_one();
    own_task_done_.wait(lock, [this] { return !own_task_; });
  }

  /// Runs the loop, on the pool's own thread, until the context is stopped.
  void run() {
    const auto work = asio::make_work_guard(context_);
    std::unique_lock lock(mutex_);
    own_id_ = std::this_thread::get_id();
    for (;;) {
      runner_id_ = own_id_;
      lock.unlock();
      do {
        if (run_one() == 0) return;
      } while (!heir_.load(std::memory_order_relaxed));
      lock.lock();
      Waiter* const heir = heir_;
      if (!heir || heir->ended_ || backlog_.requests() > 1) continue;
      heir_ = nullptr;
      lead(*heir);
      heir->changed_.notify_one();
      await_turn(lock);
    }
  }

  /// The pool's own thread has ended: the system may give its id to the next one.
  void ended() noexcept { runner_id_ = std::thread::id(); }

 private:
  enum class Runner : std::uint8_t { own, caller, nobody };

  /// How long the loop may rest after a caller's turn, if there is no request: a program that calls again soon then
  /// finds it free. So long, or twice that, waits what is no request: a tab's sign of life, or the end of a call that
  /// failed its checks in a handler.
  static constexpr std::chrono::milliseconds rest{1};

  /// Runs what comes next, waiting for it; 0 when the context has been stopped.
  std::size_t run_one() {
    if (busy_poll_.count() > 0 && backlog_.requests() == 1)
      for (const TimePoint until = Clock::now() + busy_poll_; !context_.stopped() && Clock::now() < until;) {
        if (context_.poll_one() > 0) return 1;
        std::this_thread::yield();  // a browser that has to share this core would wait for the end of a time slice
      }
    return context_.run_one();
  }

  void enter(Waiter& waiter) {
    const std::lock_guard lock(mutex_);
    if (runner_ == Runner::nobody)
      lead(waiter);
    else if (!heir_)
      heir_ = &waiter;
  }

  Expected<Outputs> wait(Waiter& waiter) {
    std::unique_lock lock(mutex_);
    while (!waiter.ended_) {
      waiter.changed_.wait(lock, [&] { return waiter.leads_ || waiter.ended_; });
      if (waiter.ended_) break;
      lock.unlock();
      while (!waiter.ended_ && run_one() > 0)
        ;
      lock.lock();
      resign(waiter);
    }
    return *std::move(waiter.result_);
  }

  void leave(Waiter& waiter) {
    const std::lock_guard lock(mutex_);
    if (heir_ == &waiter) heir_ = nullptr;
    if (waiter.leads_) resign(waiter);
  }

  void lead(Waiter& waiter) {
    runner_ = Runner::caller;
    runner_id_ = waiter.thread_;
    waiter.leads_ = true;
    wanted_ = false;
  }

  void resign(Waiter& waiter) {
    waiter.leads_ = false;
    runner_id_ = std::thread::id();
    runner_ = Runner::nobody;
    ++turns_;
    if (wanted_ || backlog_.requests() > 0 || context_.stopped())
      hand_to_own();
    else if (std::exchange(own_sleeps_, false))
      own_turn_.notify_one();
  }

  void hand_to_own() {
    runner_ = Runner::own;
    own_turn_.notify_one();
  }

  /// Waits until the loop is the own thread's again: because somebody says so, or because no caller came during a rest.
  void await_turn(std::unique_lock<std::mutex>& lock) {
    while (runner_ != Runner::own) {
      if (own_task_) do_own_task(lock);
      const std::uint64_t seen = turns_;
      own_turn_.wait_for(lock, rest);
      if (turns_ != seen || own_task_ || runner_ == Runner::own) continue;
      if (runner_ == Runner::nobody) {
        runner_ = Runner::own;
      } else {  // a turn that lasts: its end will tell
        own_sleeps_ = true;
        own_turn_.wait(lock, [this] { return !own_sleeps_ || own_task_ || runner_ == Runner::own; });
        own_sleeps_ = false;
      }
    }
  }

  /// Who asked for it waits in its turn, so this thread is the loop's meanwhile.
  void do_own_task(std::unique_lock<std::mutex>& lock) {
    const auto caller = runner_id_.exchange(own_id_);
    lock.unlock();
    own_task_();
    lock.lock();
    runner_id_ = caller;
    own_task_ = nullptr;
    own_task_done_.notify_one();
  }

  const Backlog& backlog_;
  const std::chrono::microseconds busy_poll_;
  asio::io_context context_{1};
  std::thread::id own_id_;  ///< written before anything runs
  std::atomic<std::thread::id> runner_id_{};
  std::atomic<Waiter*> heir_ = nullptr;  ///< who would like to run the loop while it waits

  std::mutex mutex_;  ///< guards the rest
  std::condition_variable own_turn_, own_task_done_;
  std::function<void()> own_task_;  ///< what a caller has the own thread do, and waits for
  Runner runner_ = Runner::own;
  std::uint64_t turns_ = 0;  ///< of callers
  bool wanted_ = false;      ///< somebody else posted something during this turn
  bool own_sleeps_ = false;
};

}  // namespace webpool::driver
