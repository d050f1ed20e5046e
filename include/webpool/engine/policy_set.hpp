#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/concepts/memory_policy.hpp>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/engine/decisions.hpp>

namespace webpool::engine {

/// Four policies as one `Decisions`. The only class that is instantiated per set of policies: one virtual call per
/// question, and none inside a policy that is composed of others.
template <BrowserSelector Selector, ScalingPolicy Scaling, MemoryPolicy Memory, Scheduler Queue>
class PolicySet final : public Decisions {
 public:
  explicit PolicySet(Selector selector = Selector(), Scaling scaling = Scaling(), Memory memory = Memory(),
                     Queue queue = Queue())
      : Decisions({.observes = Observer<Selector> || Observer<Scaling> || Observer<Memory> || Observer<Queue>,
                   .admits = AdmissionControl<Queue>,
                   .hears_ends = EndListener<Queue>}),
        selector_(std::move(selector)),
        scaling_(std::move(scaling)),
        memory_(std::move(memory)),
        queue_(std::move(queue)) {}

  std::optional<ConnectionIndex> select(const PoolView& pool, const Request& request) noexcept override {
    return selector_.select(pool, request);
  }

  void push(const Request& request) noexcept override { queue_.push(request); }
  Line line(ModelIndex model) noexcept override {
    return {queue_.front(model).value_or(RequestId{}), queue_.waiting(model)};
  }
  void erase(const Request& request) noexcept override { queue_.erase(request); }
  std::size_t waiting(ModelIndex model) const noexcept override { return queue_.waiting(model); }
  Admission admit([[maybe_unused]] const Request& request, [[maybe_unused]] const LaneLoad& load) noexcept override {
    if constexpr (AdmissionControl<Queue>) return queue_.admit(request, load);
    return Admission::accept;
  }
  void ended([[maybe_unused]] const Request& request) noexcept override {
    if constexpr (EndListener<Queue>) queue_.ended(request);
  }

  std::size_t desired(const PoolLoad& load) noexcept override { return scaling_.desired(load); }

  MemoryDecision make_room(const MemoryView& view) noexcept override { return memory_.make_room(view); }

  void observe([[maybe_unused]] const Outcome& outcome) noexcept override {
    tell(selector_, outcome);
    tell(scaling_, outcome);
    tell(memory_, outcome);
    tell(queue_, outcome);
  }

 private:
  template <class Policy>
  static void tell([[maybe_unused]] Policy& policy, [[maybe_unused]] const Outcome& outcome) noexcept {
    if constexpr (Observer<Policy>) policy.observe(outcome);
  }

  Selector selector_;
  Scaling scaling_;
  Memory memory_;
  Queue queue_;
};

template <BrowserSelector Selector, ScalingPolicy Scaling, MemoryPolicy Memory, Scheduler Queue>
std::unique_ptr<Decisions> make_policy_set(Selector selector = Selector(), Scaling scaling = Scaling(),
                                           Memory memory = Memory(), Queue queue = Queue()) {
  return std::make_unique<PolicySet<Selector, Scaling, Memory, Queue>>(std::move(selector), std::move(scaling),
                                                                       std::move(memory), std::move(queue));
}

}  // namespace webpool::engine
