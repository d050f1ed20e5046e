#pragma once

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/detail/logger.hpp>
#include <webpool/driver/batch.hpp>
#include <webpool/driver/batch_collector.hpp>
#include <webpool/driver/batch_members.hpp>
#include <webpool/driver/check_options.hpp>
#include <webpool/driver/new_request.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/ids.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool::driver {

/// Puts requests together into runs in front of the engine, for which a run is then one request. On the pool's thread.
///
/// Each request that it takes ends exactly once: with its rows of the run's outputs, with the run's error, when its own
/// cancellation or deadline comes, or by `remove_model` and `close`. A run of which nobody is left is cancelled.
///
/// Of a model whose file doesn't say that outputs have the rows of inputs (`names_one_batch`), every answer is checked.
/// If one has other rows, its requests and all later ones run apart.
class Batcher {
 public:
  using Completion = Runtime::Completion;
  /// What `ModelOptions::batching.maximum` is at the moment; any thread may change it.
  using Maximum = std::shared_ptr<std::atomic<std::size_t>>;
  struct Handlers {
    /// Starts a run. Its id is in the ticket before the completion can be called, which is not before this returns.
    std::function<void(NewRequest&&)> start;
    std::function<void(RequestId)> cancel;
    /// A timer has had its say: runs may have been started and cancelled.
    std::function<void()> woke;
  };

  Batcher(asio::io_context& context, std::size_t runs_per_tab, const webpool::detail::Logger& logger, Handlers handlers)
      : runs_per_tab_(runs_per_tab), logger_(logger), handlers_(std::move(handlers)), timer_(context) {}

  /// Models that can't be batched are passed over, and so are their requests.
  void add_model(ModelIndex index, const std::string& name, const ModelInfo& info, const BatchOptions& options,
                 Maximum maximum) {
    if (batch_obstacle(info)) return;
    models_.insert_or_assign(index, Batched{name, info, !names_one_batch(info), options.delay, std::move(maximum),
                                            BatchCollector<std::uint64_t>(options, runs_per_tab_), 0});
  }

  /// Ends the requests that wait for a run; those that run end with it.
  void remove_model(ModelIndex index) {
    const auto model = models_.find(index);
    if (model == models_.end()) return;
    const Error released(errc::model_released,
                         "model '" + model->second.name + "' was released before the request ended");
    const auto waiting = model->second.collector.take_all();
    models_.erase(model);
    for (const auto& batch : waiting)
      for (const std::uint64_t member : batch) end(member, released);
  }

  /// Ends all requests that wait for a run.
  void close() {
    timer_.cancel();
    const Error closing(errc::pool_closed, "the pool was closed before the request ended");
    for (auto& [index, model] : models_)
      for (const auto& batch : model.collector.take_all())
        for (const std::uint64_t member : batch) end(member, closing);
    models_.clear();
  }

  /// One more tab holds the model.
  void tab_came(ModelIndex index) {
    if (const auto model = models_.find(index); model != models_.end())
      model->second.collector.set_tabs(++model->second.tabs);
  }
  /// One tab less holds it.
  void tab_went(ModelIndex index) {
    if (const auto model = models_.find(index); model != models_.end())
      model->second.collector.set_tabs(--model->second.tabs);
  }

  /// Takes a request over. False, and nothing is moved from, when it has to run by itself.
  bool submit(NewRequest& request) {
    auto& [model_ref, now, inputs, options, ticket, done, generation] = request;
    const ModelIndex index = model_ref.model;
    const auto found = models_.find(index);
    if (found == models_.end()) return false;
    Batched& model = found->second;
    if (const std::size_t maximum = *model.maximum; maximum != model.collector.maximum()) {
      model.collector.set_maximum(maximum);
      send(index, model.collector.take_all());
    }
    const auto rows = rows_of(inputs);
    if (model.collector.maximum() == 1 || rows.value_or(0) == 0) return false;
    const TimePoint deadline = deadline_of(now, options);
    if (ticket && ticket->cancelled) {
      done(Error(errc::cancelled, "cancelled before it was queued"));
      return true;
    }
    if (deadline <= now) {
      done(overdue());
      return true;
    }

    const std::string kind = batch_kind(model.info, inputs, options);
    const std::uint64_t number =
        members_.add({index, std::move(inputs), std::move(options), *rows, now, deadline, std::move(done)});
    if (ticket) ticket->member = number;
    auto ready = model.collector.add(number, kind, static_cast<std::size_t>(*rows), now);
    if (deadline - model.delay <= now)  // it would spend its time here
      if (auto batch = model.collector.take_with(number); !batch.empty()) ready.push_back(std::move(batch));
    send(index, std::move(ready));
    wake_at(std::min(deadline, due(index)));
    return true;
  }

  /// Cancels a request that `submit` took; false for any other.
  bool cancel(const Ticket& ticket) {
    if (ticket.member == 0) return false;
    give_up(ticket.member, Error(errc::cancelled, "cancelled by the caller"));
    return true;
  }

 private:
  struct Batched {
    std::string name;
    ModelInfo info;
    bool doubtful;  ///< only answers show whether its requests can be batched
    Duration delay;
    Maximum maximum;
    BatchCollector<std::uint64_t> collector;
    std::size_t tabs;
  };
  static Error overdue() { return {errc::deadline_exceeded, "the request's deadline passed before its result came"}; }

  TimePoint due(ModelIndex index) const {
    const auto model = models_.find(index);
    return model == models_.end() ? end_of_time : model->second.collector.due();
  }

  void send(ModelIndex index, std::vector<std::vector<std::uint64_t>> batches) {
    for (auto& batch : batches) send(index, std::move(batch));
  }

  void send(ModelIndex index, std::vector<std::uint64_t> batch) {
    const auto run = std::make_shared<BatchedRun>(BatchedRun{.model = index, .members = std::move(batch)});
    RequestOptions options = members_.find(run->members.front())->options;
    run->repeatable = models_.at(index).doubtful && run->members.size() > 1 && options.retry == Retry::always;
    std::vector<Inputs> inputs;
    TimePoint submitted = end_of_time, deadline = TimePoint::min();
    for (const std::uint64_t number : run->members) {
      BatchMember& member = *members_.find(number);
      member.run = run;
      inputs.push_back(run->repeatable ? member.inputs : std::move(member.inputs));
      run->rows.push_back(member.rows);
      submitted = std::min(submitted, member.submitted);
      deadline = std::max(deadline, member.deadline);
    }
    run->awaited = inputs.size();
    options.deadline.reset();
    if (deadline != end_of_time) options.deadline = std::chrono::ceil<std::chrono::milliseconds>(deadline - submitted);
    Inputs all;
    if (inputs.size() == 1) {
      all = std::move(inputs.front());
    } else {
      auto joined = concatenate(models_.at(index).info, inputs);
      assert(joined);  // they are of one kind
      all = std::move(joined->inputs);
    }
    handlers_.start({.model = {index},
                     .submitted = submitted,
                     .inputs = std::move(all),
                     .options = std::move(options),
                     .ticket = run->ticket,
                     .done = {[this, run](Expected<Outputs> result) { ended(*run, std::move(result)); }}});
  }

  void ended(const BatchedRun& run, Expected<Outputs> result) {
    const TimePoint now = Clock::now();
    // What waits is sent before handlers run: they may take their time.
    if (const auto model = models_.find(run.model); model != models_.end()) {
      if (result && model->second.doubtful && !has_rows(*result, run.rows)) {
        stop_batching(run, now);
        if (run.repeatable) return;
      } else {
        send(run.model, model->second.collector.ended(now));
      }
      wake_at(due(run.model));
    }
    if (!result) {
      for (const std::uint64_t number : run.members) end(number, result.error());
    } else if (run.members.size() == 1) {
      end(run.members.front(), *std::move(result), now);
    } else if (auto parts = split(*result, run.rows)) {
      for (std::size_t i = 0; i < run.members.size(); ++i) end(run.members[i], std::move((*parts)[i]), now);
    } else {
      const Error uneven(errc::run_failed, "the page answered a batch of " + std::to_string(run.members.size()) +
                                               " requests with outputs that have another number of rows");
      for (const std::uint64_t number : run.members) end(number, uneven);
    }
  }

  /// Each request is a run of its own from now on: those that wait, those of this run if it can be repeated, and, by
  /// the maximum, those to come.
  void stop_batching(const BatchedRun& run, TimePoint now) {
    Batched& model = models_.at(run.model);
    if (model.maximum->exchange(1) != 1)
      logger_.info("model '" + model.name + "' can't be batched, so its requests run apart from now on: outputs for " +
                   std::to_string(std::accumulate(run.rows.begin(), run.rows.end(), std::int64_t{0})) +
                   " rows of inputs came with another number of rows");
    model.collector.set_maximum(1);
    auto batches = model.collector.take_all();
    batches.push_back(run.repeatable ? run.members : std::vector<std::uint64_t>());
    for (const auto& batch : batches) {
      model.collector.ended(now);
      for (const std::uint64_t number : batch) {
        if (!members_.find(number)) continue;
        model.collector.started();
        send(run.model, std::vector{number});
      }
    }
  }

  void end(std::uint64_t number, Outputs outputs, TimePoint now) {
    const BatchMember* member = members_.find(number);
    if (!member) return;
    RunTimes times = outputs.times();
    times.total = std::chrono::duration<double, std::milli>(now - member->submitted).count();
    end(number, Outputs({outputs.begin(), outputs.end()}, outputs.shared_where(), times));
  }

  /// Ends a request, unless it has ended: the one place where that happens.
  void end(std::uint64_t number, Expected<Outputs> result) {
    if (auto member = members_.take(number)) member->done(std::move(result));
  }

  /// Ends a request before its run does.
  void give_up(std::uint64_t number, const Error& reason) {
    const BatchMember* member = members_.find(number);
    if (!member) return;
    const std::shared_ptr<BatchedRun> run = member->run;
    if (const auto model = models_.find(member->model); !run && model != models_.end())
      model->second.collector.erase(number);
    end(number, reason);
    if (run && --run->awaited == 0) handlers_.cancel(run->ticket->request);
  }

  // --- time

  void wake_at(TimePoint when) {
    if (when >= armed_) return;
    armed_ = when;
    timer_.expires_at(when);
    timer_.async_wait([this](const asio::error_code& aborted) {
      if (aborted) return;
      wake();
      handlers_.woke();
    });
  }

  void wake() {
    armed_ = end_of_time;
    const TimePoint now = Clock::now();
    while (members_.next_deadline() <= now) give_up(members_.most_urgent(), overdue());
    TimePoint next = members_.next_deadline();
    for (auto& [index, model] : models_) {
      send(index, model.collector.take_due(now));
      next = std::min(next, model.collector.due());
    }
    wake_at(next);
  }

  const std::size_t runs_per_tab_;
  const webpool::detail::Logger& logger_;
  const Handlers handlers_;
  asio::steady_timer timer_;
  TimePoint armed_ = end_of_time;
  std::unordered_map<ModelIndex, Batched> models_;
  BatchMembers members_;
};

}  // namespace webpool::driver
