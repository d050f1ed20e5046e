#pragma once

#include <cstddef>
#include <optional>
#include <webpool/concepts/memory_policy.hpp>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/ids.hpp>
#include <webpool/request.hpp>

namespace webpool::engine {

/// Everything that the engine asks of a pool's four policies: the boundary behind which nothing is a template. What
/// each question means stands in the concept of the policy that answers it.
class Decisions {
 public:
  /// Which optional questions a policy answers. The engine skips the others without a call.
  struct Hooks {
    bool observes = false;    ///< `Observer`, of any of the four
    bool admits = false;      ///< `AdmissionControl`
    bool hears_ends = false;  ///< `EndListener`
  };

  /// What waits for a model: `front` and `waiting` in one question, since the selector is told both.
  struct Line {
    RequestId front{};  ///< none: `RequestId{}`
    std::size_t waiting = 0;
  };

  virtual ~Decisions() = default;

  // The selector
  virtual std::optional<ConnectionIndex> select(const PoolView& pool, const Request& request) noexcept = 0;

  // The scheduler
  virtual void push(const Request& request) noexcept = 0;
  virtual Line line(ModelIndex model) noexcept = 0;
  virtual void erase(const Request& request) noexcept = 0;
  virtual std::size_t waiting(ModelIndex model) const noexcept = 0;
  virtual Admission admit(const Request& request, const LaneLoad& load) noexcept = 0;
  virtual void ended(const Request& request) noexcept = 0;

  // The scaling policy
  virtual std::size_t desired(const PoolLoad& load) noexcept = 0;

  // The memory policy
  virtual MemoryDecision make_room(const MemoryView& view) noexcept = 0;

  // All that listen
  virtual void observe(const Outcome& outcome) noexcept = 0;

  const Hooks hooks;

 protected:
  explicit Decisions(Hooks which) noexcept : hooks(which) {}
};

}  // namespace webpool::engine
