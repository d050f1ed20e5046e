#pragma once

#include <cstddef>
#include <optional>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/concepts/memory_policy.hpp>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/concepts/selector_parts.hpp>

/// Per concept, the least that satisfies it; and per requirement, the same with exactly that one removed.
namespace archetypes {

using namespace webpool;

/// What a policy need not be.
struct NotCopyable {
  NotCopyable() = default;
  NotCopyable(NotCopyable&&) = default;
  NotCopyable& operator=(NotCopyable&&) = default;
};
struct NotMovable {
  NotMovable() = default;
  NotMovable(NotMovable&&) = delete;
};

struct Selector : NotCopyable {
  std::optional<ConnectionIndex> select(PoolView, const Request&) noexcept { return std::nullopt; }
};
struct SelectorNotMovable : NotMovable {
  std::optional<ConnectionIndex> select(PoolView, const Request&) noexcept;
};
struct SelectorWithoutSelect {};
struct SelectorThatMayThrow {
  std::optional<ConnectionIndex> select(PoolView, const Request&);
};
struct SelectorWithBareIndex {
  ConnectionIndex select(PoolView, const Request&) noexcept;
};
struct SelectorWithoutRequest {
  std::optional<ConnectionIndex> select(PoolView) noexcept;
};
struct SelectorThatChangesTheRequest {
  std::optional<ConnectionIndex> select(PoolView, Request&) noexcept;
};

struct Scaling : NotCopyable {
  std::size_t desired(const PoolLoad&) noexcept { return 0; }
};
struct ScalingNotMovable : NotMovable {
  std::size_t desired(const PoolLoad&) noexcept;
};
struct ScalingWithoutDesired {};
struct ScalingThatMayThrow {
  std::size_t desired(const PoolLoad&);
};
struct ScalingWithInt {
  int desired(const PoolLoad&) noexcept;
};
struct ScalingThatChangesTheLoad {
  std::size_t desired(PoolLoad&) noexcept;
};

struct Memory : NotCopyable {
  MemoryDecision make_room(const MemoryView&) noexcept { return {}; }
};
struct MemoryNotMovable : NotMovable {
  MemoryDecision make_room(const MemoryView&) noexcept;
};
struct MemoryWithoutMakeRoom {};
struct MemoryThatMayThrow {
  MemoryDecision make_room(const MemoryView&);
};
struct MemoryWithBool {
  bool make_room(const MemoryView&) noexcept;
};
struct MemoryThatChangesTheView {
  MemoryDecision make_room(MemoryView&) noexcept;
};

struct Queue : NotCopyable {
  void push(const Request&) noexcept {}
  std::optional<RequestId> front(ModelIndex) noexcept { return std::nullopt; }
  void erase(const Request&) noexcept {}
  std::size_t waiting(ModelIndex) const noexcept { return 0; }
};
struct QueueNotMovable : NotMovable {
  void push(const Request&) noexcept;
  std::optional<RequestId> front(ModelIndex) noexcept;
  void erase(const Request&) noexcept;
  std::size_t waiting(ModelIndex) const noexcept;
};
// These take one member of `Queue` away, or replace it.
struct QueueWithoutPush : Queue {
  void push(const Request&) = delete;
};
struct QueueWithThrowingPush : Queue {
  void push(const Request&);
};
struct QueueWithResultOfPush : Queue {
  bool push(const Request&) noexcept;
};
struct QueueWithoutFront : Queue {
  std::optional<RequestId> front(ModelIndex) = delete;
};
struct QueueWithThrowingFront : Queue {
  std::optional<RequestId> front(ModelIndex);
};
struct QueueWithBareFront : Queue {
  RequestId front(ModelIndex) noexcept;
};
struct QueueWithoutErase : Queue {
  void erase(const Request&) = delete;
};
struct QueueWithThrowingErase : Queue {
  void erase(const Request&);
};
struct QueueWithResultOfErase : Queue {
  bool erase(const Request&) noexcept;
};
struct QueueWithoutWaiting : Queue {
  std::size_t waiting(ModelIndex) const = delete;
};
struct QueueWithThrowingWaiting : Queue {
  std::size_t waiting(ModelIndex) const;
};
struct QueueWithIntWaiting : Queue {
  int waiting(ModelIndex) const noexcept;
};
struct QueueWithMutableWaiting : Queue {
  std::size_t waiting(ModelIndex) noexcept;
};

struct Admitting {
  Admission admit(const Request&, const LaneLoad&) noexcept { return Admission::accept; }
};
struct AdmittingWithBool {
  bool admit(const Request&, const LaneLoad&) noexcept;
};
struct AdmittingThatMayThrow {
  Admission admit(const Request&, const LaneLoad&);
};

struct Ending {
  void ended(const Request&) noexcept {}
};
struct EndingWithResult {
  bool ended(const Request&) noexcept;
};
struct EndingThatMayThrow {
  void ended(const Request&);
};

struct Listener {
  void observe(const Outcome&) noexcept {}
};
struct ListenerWithResult {
  bool observe(const Outcome&) noexcept;
};
struct ListenerThatMayThrow {
  void observe(const Outcome&);
};

struct Filter : NotCopyable {
  bool accepts(const PoolView&, ConnectionIndex, const Request&) noexcept { return true; }
};
struct FilterNotMovable : NotMovable {
  bool accepts(const PoolView&, ConnectionIndex, const Request&) noexcept;
};
struct FilterWithInt {
  int accepts(const PoolView&, ConnectionIndex, const Request&) noexcept;
};
struct FilterThatMayThrow {
  bool accepts(const PoolView&, ConnectionIndex, const Request&);
};

struct Proposing : NotCopyable {
  std::optional<ConnectionIndex> propose(PoolView, const Request&) noexcept { return std::nullopt; }
};
struct ProposingNotMovable : NotMovable {
  std::optional<ConnectionIndex> propose(PoolView, const Request&) noexcept;
};
struct ProposingWithBareIndex {
  ConnectionIndex propose(PoolView, const Request&) noexcept;
};
struct ProposingThatMayThrow {
  std::optional<ConnectionIndex> propose(PoolView, const Request&);
};

}  // namespace archetypes
