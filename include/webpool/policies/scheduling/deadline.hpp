#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <vector>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/scheduling/lanes.hpp>
#include <webpool/policies/scheduling/ranks.hpp>

namespace webpool::scheduling {

/// In each lane, the request with the earliest deadline comes next. Requests without one come last, and among equals
/// the one that came first is next. A request that would not be done in time is refused at once
/// (`Admission::too_late`), so that it costs nothing and its caller can go elsewhere:
///
///     finish = submitted + S · (ceil((ahead + in_flight) / places) + 1)         refused if finish > deadline
///
/// `ahead` counts the waiting requests whose deadline is not later, exactly and in O(log n). `LaneLoad::waiting` counts
/// all of them, and would refuse urgent requests because of a backlog that doesn't matter to them. S is how long a tab
/// is busy with one request of the model, smoothed with α per answer. It is a mean, because the formula adds up many
/// services, whose sum is close to the sum of the means. A quantile would be added up that many times.
///
/// Earliest deadline first is optimal on one machine that can be preempted: Liu and Layland, "Scheduling algorithms for
/// multiprogramming in a hard-real-time environment", JACM 20 (1973). Refusing by predicted finish: Gujarati et al.,
/// "Serving DNNs like Clockwork", OSDI 2020.
///
/// It is too strict if several requests of a tab overlap. It is too lenient if service times vary, because half of them
/// exceed the mean, and because an urgent newcomer may delay the requests it overtakes beyond their deadlines. Nothing
/// is refused until the model has its first answer, or while no tab holds it. S belongs to the model, not to the
/// browser, and lives as long as the model's slot: the next model in that slot starts with the S of the one before.
///
/// Use it if a late answer is worthless. Without deadlines it is `Fifo`; priorities make no difference.
class Deadline : detail::KeyedLanes<TimePoint> {
 public:
  struct Settings {
    double alpha = 0.2;  ///< weight of the newest service in S; anything outside (0, 1] counts as 0.2
  };

  Deadline() = default;
  explicit Deadline(Settings settings) noexcept
      : alpha_(settings.alpha > 0 && settings.alpha <= 1 ? settings.alpha : Settings().alpha) {}

  void push(const Request& request) noexcept {
    KeyedLanes::push(request, request.deadline);
    if (request.deadline != end_of_time) of(request.model).deadlines.insert(request.deadline);
  }
  void erase(const Request& request) noexcept {
    KeyedLanes::erase(request);
    if (request.deadline != end_of_time) of(request.model).deadlines.erase(request.deadline);
  }
  using KeyedLanes::front;
  using KeyedLanes::waiting;

  Admission admit(const Request& request, const LaneLoad& load) noexcept {
    const Model& model = of(request.model);
    if (request.deadline == end_of_time || load.places == 0 || model.answers == 0) return Admission::accept;
    const std::size_t before = model.deadlines.count_up_to(request.deadline) + load.in_flight;
    const double rounds = std::ceil(static_cast<double>(before) / static_cast<double>(load.places)) + 1;
    const double left = std::chrono::duration<double>(request.deadline - request.submitted).count();
    return rounds * model.service > left ? Admission::too_late : Admission::accept;
  }

  void observe(const Outcome& outcome) noexcept {
    if (!outcome.ok) return;
    Model& model = of(outcome.request.model);
    const double seconds = std::max(0.0, std::chrono::duration<double>(outcome.service).count());
    // A plain mean until there are 1 / α answers.
    ++model.answers;
    model.service += (seconds - model.service) * std::max(alpha_, 1 / static_cast<double>(model.answers));
  }

 private:
  struct Model {
    detail::Ranks<TimePoint> deadlines;  // of those that wait
    double service = 0;                  // S in seconds
    std::size_t answers = 0;
  };

  Model& of(ModelIndex model) noexcept {
    if (model.value >= models_.size()) models_.resize(model.value + 1);
    return models_[model.value];
  }

  std::vector<Model> models_;  // by index
  double alpha_ = Settings().alpha;
};

static_assert(Scheduler<Deadline> && AdmissionControl<Deadline> && Observer<Deadline>);

}  // namespace webpool::scheduling
