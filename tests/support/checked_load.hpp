#pragma once

// Callers of a model who know the right answers and count how often each request ends.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>
#include <webpool/async.hpp>
#include <webpool/model.hpp>

namespace support {

inline std::vector<float> values(const webpool::Outputs& outputs, std::string_view name) {
  const auto elements = outputs[name].as<float>();
  return {elements.begin(), elements.end()};
}

/// The largest difference from `right`, relative to its largest number where that is above 1; infinite where a number
/// is none or the lengths differ.
inline double difference(std::span<const float> given, std::span<const float> right) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (given.empty() || given.size() != right.size()) return infinite;
  double largest = 0, scale = 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const double here = std::abs(static_cast<double>(given[i]) - static_cast<double>(right[i]));
    largest = std::isnan(here) ? infinite : std::max(largest, here);
    scale = std::max(scale, std::abs(static_cast<double>(right[i])));
  }
  return largest / scale;
}

/// An input and the right answer to it.
struct Question {
  webpool::Inputs inputs;
  std::vector<float> answer;
};

/// What became of some requests. Each is in exactly one of the first four, if all is well.
struct Tally {
  std::size_t submitted = 0;
  std::size_t answered = 0, wrong = 0, errors = 0;  ///< ended: with the right answer, another one, an error
  std::size_t lost = 0, duplicated = 0;             ///< did not end; ended more than once
  std::map<std::string, std::size_t> messages{};    ///< of the errors' codes
  std::map<std::string, std::string> examples{};    ///< of each, what the first error said

  Tally& operator+=(const Tally& more) {
    submitted += more.submitted;
    answered += more.answered;
    wrong += more.wrong;
    errors += more.errors;
    lost += more.lost;
    duplicated += more.duplicated;
    for (const auto& [message, count] : more.messages) messages[message] += count;
    examples.insert(more.examples.begin(), more.examples.end());
    return *this;
  }
};

/// Asks a model from several threads until so many requests are submitted, or until it is stopped. Each request keeps
/// its own record, which outlives this object: an end that comes too late or twice is counted, not a crash.
class CheckedLoad {
 public:
  using Clock = std::chrono::steady_clock;

  struct Settings {
    std::size_t requests = 1000;  ///< at most
    std::size_t callers = 4;      ///< threads, each of which waits for its answer before it asks again
    std::chrono::microseconds pause{0};
    std::string output = "probabilities";
    double tolerance = 2e-4;  ///< of `difference`
    webpool::RequestOptions options{};
  };

  CheckedLoad(webpool::Model model, std::vector<Question> questions, Settings settings)
      : state_(std::make_shared<State>(std::move(questions), std::move(settings))) {
    for (std::size_t i = 0; i < state_->settings.callers; ++i)
      callers_.emplace_back([state = state_, model] { ask(state, model); });
  }
  CheckedLoad(const CheckedLoad&) = delete;
  CheckedLoad& operator=(const CheckedLoad&) = delete;
  ~CheckedLoad() {
    stop();
    state_->given_up = true;
  }

  /// Submits nothing more.
  void stop() { state_->stopped = true; }

  std::size_t submitted() const { return std::min(state_->next.load(), state_->settings.requests); }
  /// How many had been submitted by then and ended later, or never.
  std::size_t in_flight_at(Clock::time_point time) const {
    std::size_t count = 0;
    visit([&](const Record& each) { count += *each.submitted <= time && (!each.ended || *each.ended > time); });
    return count;
  }

  /// Waits until every request has ended, at most so long, and a moment more for ends that come twice. What has not
  /// ended by then is lost.
  Tally finish(std::chrono::milliseconds limit = std::chrono::minutes(2)) {
    const auto until = Clock::now() + limit;
    const auto over = [&] { return state_->stopped || state_->next >= state_->settings.requests; };
    while (Clock::now() < until && !(over() && state_->ended >= submitted()))
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop();
    state_->given_up = true;
    callers_.clear();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const std::lock_guard lock(state_->mutex);
    Tally tally = state_->tally;
    for (const Record& each : state_->records) {
      tally.submitted += each.submitted.has_value();
      tally.lost += each.submitted && each.ends == 0;
      tally.duplicated += each.ends > 1;
    }
    return tally;
  }

  /// From `since` to the next right answer to anybody; empty when there was none.
  std::optional<Clock::duration> next_right_answer(Clock::time_point since) const {
    std::optional<Clock::duration> least;
    visit([&](const Record& each) {
      if (each.right && *each.ended >= since && (!least || *each.ended - since < *least)) least = *each.ended - since;
    });
    return least;
  }

  /// From `since` to the right answer of the slowest of those that were in flight then; empty when there were none.
  std::optional<Clock::duration> slowest_in_flight(Clock::time_point since) const {
    std::optional<Clock::duration> most;
    visit([&](const Record& each) {
      if (each.right && *each.submitted <= since && *each.ended > since)
        most = std::max(most.value_or(Clock::duration(0)), *each.ended - since);
    });
    return most;
  }

  /// Milliseconds from submission to the right answer, in the order of submission.
  std::vector<double> latencies_ms() const {
    std::vector<double> all;
    visit([&](const Record& each) {
      if (each.right) all.push_back(std::chrono::duration<double, std::milli>(*each.ended - *each.submitted).count());
    });
    return all;
  }

 private:
  struct Record {
    std::optional<Clock::time_point> submitted, ended;
    unsigned ends = 0;
    bool right = false;
  };
  struct State {
    State(std::vector<Question> asked, Settings how)
        : questions(std::move(asked)), settings(std::move(how)), records(settings.requests) {}

    const std::vector<Question> questions;
    const Settings settings;
    std::atomic<std::size_t> next = 0, ended = 0;
    std::atomic<bool> stopped = false, given_up = false;
    std::mutex mutex;  // guards what follows
    std::vector<Record> records;
    Tally tally;
  };

  template <class Visit>
  void visit(Visit visit) const {
    const std::lock_guard lock(state_->mutex);
    for (const Record& each : state_->records)
      if (each.submitted) visit(each);
  }

  static void ask(const std::shared_ptr<State>& state, const webpool::Model& model) {
    while (!state->stopped) {
      const std::size_t number = state->next++;
      if (number >= state->settings.requests) return;
      const Question& question = state->questions[number % state->questions.size()];
      {
        const std::lock_guard lock(state->mutex);
        state->records[number].submitted = Clock::now();
      }
      const auto answered = std::make_shared<std::binary_semaphore>(0);
      model.async_run(question.inputs, state->settings.options,
                      [state, number, answered](const std::exception_ptr& failure, const webpool::Outputs& outputs) {
                        note(*state, number, failure, outputs);
                        answered->release();
                      });
      while (!answered->try_acquire_for(std::chrono::milliseconds(100)))
        if (state->given_up) return;
      std::this_thread::sleep_for(state->settings.pause);
    }
  }

  static void note(State& state, std::size_t number, const std::exception_ptr& failure,
                   const webpool::Outputs& outputs) {
    const auto now = Clock::now();
    const bool right =
        !failure && difference(values(outputs, state.settings.output),
                               state.questions[number % state.questions.size()].answer) <= state.settings.tolerance;
    const std::lock_guard lock(state.mutex);
    Record& record = state.records[number];
    if (++record.ends > 1) return;
    record.ended = now;
    record.right = right;
    ++(failure ? state.tally.errors : right ? state.tally.answered : state.tally.wrong);
    if (failure) try {
        std::rethrow_exception(failure);
      } catch (const webpool::Error& error) {
        const std::string code = error.code().message();
        ++state.tally.messages[code];
        state.tally.examples.emplace(code, error.message());
      }
    ++state.ended;
  }

  std::shared_ptr<State> state_;
  std::vector<std::jthread> callers_;
};

}  // namespace support
