#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/scheduling/fifo.hpp>
#include <webpool/policies/scheduling/node_map.hpp>
#include <webpool/policies/scheduling/priority.hpp>

namespace webpool::scheduling {

/// What `Limited` does with a request that finds its queue full.
enum class WhenFull : std::uint8_t {
  reject,  ///< it ends with `errc::queue_full`
  delay,   ///< it waits outside, first come, first served, until there is room
};

/// Any scheduler, with a limit on waiting requests. The limit is per model and priority, so that a backlog of one model
/// or of low priority doesn't shut the others out. A short queue gives fast answers: what waits in a full one is late
/// anyway, and its caller learns that too late ("bufferbloat": Gettys and Nichols, CACM 55, 2012).
///
/// `delay` refuses nobody. It bounds what the inner scheduler has to look at, and so how much of one priority later
/// requests can overtake. If the inner scheduler is `Deadline`, it doesn't count what waits outside. All calls cost
/// O(log p) more, with p pairs of model and priority. Beyond 64 pairs, those without waiting requests are forgotten.
///
/// Use `reject` if callers can retry elsewhere or do without, and `delay` if they can't. Only `reject` bounds the
/// pool's memory, and only if callers don't keep inventing new priorities.
template <Scheduler Queue = Priority>
class Limited {
 public:
  struct Settings {
    std::size_t limit = 1000;                  ///< of waiting requests, per model and priority; 0: unlimited
    std::map<int, std::size_t> by_priority{};  ///< instead of `limit`, for these priorities
    WhenFull when_full = WhenFull::reject;
  };

  Limited() = default;
  explicit Limited(Settings settings, Queue queue = Queue()) noexcept
      : settings_(std::move(settings)), queue_(std::move(queue)) {}

  Admission admit(const Request& request, const LaneLoad& load) noexcept {
    if (settings_.when_full == WhenFull::reject && full(request)) return Admission::queue_full;
    if constexpr (AdmissionControl<Queue>) return queue_.admit(request, load);
    return Admission::accept;
  }

  void push(const Request& request) noexcept {
    if (settings_.when_full == WhenFull::reject || !full(request)) return enter(request);
    classes_[key(request)].outside.push(place(request));
    outside_.set(request.id, request);
    if (request.model.value >= delayed_.size()) delayed_.resize(request.model.value + 1);
    ++delayed_[request.model.value];
  }

  std::optional<RequestId> front(ModelIndex model) noexcept { return queue_.front(model); }

  void erase(const Request& request) noexcept {
    const auto found = classes_.find(key(request));
    Class& own = found->second;
    if (outside_.find(request.id)) {
      leave_outside(own, request);
    } else {
      queue_.erase(request);
      --own.inside;
      if (const auto next = own.outside.front({})) enter(leave_outside(own, *outside_.find(*next)));
    }
    if (own.inside == 0 && classes_.size() > 64) classes_.erase(found);
  }

  std::size_t waiting(ModelIndex model) const noexcept {
    return queue_.waiting(model) + (model.value < delayed_.size() ? delayed_[model.value] : 0);
  }

  void observe(const Outcome& outcome) noexcept requires Observer<Queue> { queue_.observe(outcome); }

  void ended(const Request& request) noexcept requires EndListener<Queue> { queue_.ended(request); }

 private:
  struct Class {
    std::size_t inside = 0;
    Fifo outside{};  // has one lane
  };
  using Key = std::pair<ModelIndex, int>;

  static Key key(const Request& request) noexcept { return {request.model, request.priority}; }

  /// The request as it is in `Class::outside`.
  static Request place(Request request) noexcept {
    request.model = {};
    return request;
  }

  bool full(const Request& request) const noexcept {
    const auto own = settings_.by_priority.find(request.priority);
    const std::size_t limit = own == settings_.by_priority.end() ? settings_.limit : own->second;
    const auto found = classes_.find(key(request));
    return limit > 0 && found != classes_.end() && found->second.inside >= limit;
  }

  void enter(const Request& request) noexcept {
    ++classes_[key(request)].inside;
    queue_.push(request);
  }

  Request leave_outside(Class& own, const Request& request) noexcept {
    --delayed_[request.model.value];
    own.outside.erase(place(request));
    return *outside_.take(request.id);
  }

  Settings settings_{};
  Queue queue_{};
  std::map<Key, Class> classes_;
  detail::NodeMap<RequestId, Request> outside_;
  std::vector<std::size_t> delayed_;  // requests outside, by model
};

static_assert(Scheduler<Limited<>> && AdmissionControl<Limited<>>);

}  // namespace webpool::scheduling
