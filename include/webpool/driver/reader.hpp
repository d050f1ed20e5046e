#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/byte_source.hpp>
#include <webpool/detail/unique_function.hpp>
#include <webpool/driver/entrance.hpp>
#include <webpool/driver/interrupt.hpp>
#include <webpool/driver/loader.hpp>
#include <webpool/driver/loading_model.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/error.hpp>
#include <webpool/expected.hpp>
#include <webpool/ids.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool::driver {

/// Models that are read for callers who do not wait: on threads of its own, of which there are none before the first
/// model and `most_threads` from then on. Knows the loads from their start until they are the loader's. In the pool's
/// loop, but for what says otherwise.
class Reader {
 public:
  struct Job {
    std::string name;                ///< the model's, as far as it is known
    std::shared_ptr<Ticket> ticket;  ///< null where nobody can cancel it
    /// Called on one of the threads. What comes is loaded; whatever it throws ends the load.
    detail::UniqueFunction<Loader::Part(const Interrupt&)> read;
    LoadCompletion done;
  };

  static constexpr std::size_t most_threads = 4;

  /// `load` takes over what has been read.
  Reader(Entrance& entrance, std::function<void(Loader::Part)> load) : entrance_(entrance), load_(std::move(load)) {}

  void start(Job&& job) {
    if (!started_) threads_.emplace(most_threads);
    started_ = true;
    const auto interrupt = std::make_shared<Interrupt>();
    const std::uint64_t number = ++jobs_made_;
    asio::post(*threads_, [this, number, interrupt, read = std::move(job.read)]() mutable {
      this->read(number, read, *interrupt);
    });
    jobs_.emplace(number, Reading{std::move(job.name), std::move(job.ticket), std::move(job.done), interrupt});
  }

  /// Ends the load with that ticket, at once; false where it is not being read.
  bool cancel(const Ticket& ticket) {
    const auto job = std::ranges::find_if(jobs_, [&](const auto& each) { return each.second.ticket.get() == &ticket; });
    if (job == jobs_.end()) return false;
    Reading given_up = std::move(job->second);
    jobs_.erase(job);
    given_up.interrupt->raise();
    given_up.done(Error(errc::cancelled, "the load of model '" + given_up.name + "' was cancelled"));
    return true;
  }

  /// Whether a model of that name is being read.
  bool reads(std::string_view name) const {
    return std::ranges::any_of(jobs_, [&](const auto& each) { return each.second.name == name; });
  }

  /// Ends all loads; the loop is about to end.
  void close() {
    for (auto& [number, job] : std::exchange(jobs_, {})) {
      job.interrupt->raise();
      job.done(Error(errc::pool_closed, "the pool was closed before model '" + job.name + "' was loaded"));
    }
  }

  /// Whether this thread is one of its own. Any thread.
  bool runs_here() { return started_ && threads_->get_executor().running_in_this_thread(); }

  /// Waits, after `close`, until each thread has ended with the piece that it was at. Any thread but those.
  void join() {
    const std::lock_guard once(joining_);
    if (started_) threads_->join();
  }

 private:
  struct Reading {
    std::string name;
    std::shared_ptr<Ticket> ticket;
    LoadCompletion done;
    std::shared_ptr<Interrupt> interrupt;
  };

  void read(std::uint64_t number, detail::UniqueFunction<Loader::Part(const Interrupt&)>& model,
            const Interrupt& interrupt) {
    std::optional<Error> fault;
    std::optional<Loader::Part> part;
    try {
      interrupt.check();
      part = webpool::detail::ask([&] { return model(interrupt); });
    } catch (const Error& error) {
      fault = error;
    }
    entrance_.post([this, number, fault = std::move(fault), part = std::move(part)]() mutable {
      ended(number, fault, std::move(part));
    });
  }

  void ended(std::uint64_t number, const std::optional<Error>& fault, std::optional<Loader::Part> part) {
    auto job = jobs_.extract(number);
    if (!job) return;
    if (fault) return job.mapped().done(*fault);
    part->ticket = std::move(job.mapped().ticket);
    part->done = std::move(job.mapped().done);
    load_(*std::move(part));
  }

  Entrance& entrance_;
  const std::function<void(Loader::Part)> load_;
  std::map<std::uint64_t, Reading> jobs_;
  std::uint64_t jobs_made_ = 0;
  std::mutex joining_;
  std::atomic<bool> started_ = false;  ///< whether there are threads
  std::optional<asio::thread_pool> threads_;
};

}  // namespace webpool::driver
