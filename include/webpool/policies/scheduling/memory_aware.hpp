#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/scheduling/node_map.hpp>
#include <webpool/policies/scheduling/priority.hpp>

namespace webpool::scheduling {

/// Any scheduler that also holds requests back while too many tensor bytes are in flight. The next request of a lane is
/// sent only if
///
///     payload bytes of all requests that are sent and have not ended + its own ≤ `bytes`
///
/// The inner scheduler's order stands: a smaller request never overtakes a held one of its lane, or large ones would
/// starve (smallest first is best only on average). Meanwhile other lanes may go ahead, as batch systems backfill
/// (Lifka, "The ANL/IBM SP scheduling system", 1995), but only `overtakes` times. Then they wait until the held lane
/// has had its turn. A request without payload is never held. If nothing is in flight, any request is sent, even one
/// that is larger than `bytes`, so nothing waits for ever.
///
/// The budget is shared by all models. If another model's answer frees bytes, a held lane learns of it at the pool's
/// next tick, at most a tenth of a second later.
///
/// Use it if inputs are large and tabs are many: 8 tabs with 2 requests of 64 MiB each are 1 GiB that the pool, its
/// sockets and the pages hold at once. Small requests of other models gain too, since large ones don't fill every tab;
/// the large ones pay with their latency. Leave some room in `bytes` beyond the large requests that it is meant for.
/// Otherwise small ones wait for them, which is worse for both than no limit. If no model's inputs are large, it only
/// costs a look-up per request.
template <Scheduler Queue = Priority>
class MemoryAware {
 public:
  struct Settings {
    std::size_t bytes = 256u << 20;  ///< of payload in flight in all tabs together; 0: unlimited
    std::size_t overtakes = 64;      ///< requests of other models that may go ahead of a held one
  };

  MemoryAware() = default;
  explicit MemoryAware(Settings settings, Queue queue = Queue()) noexcept
      : settings_(settings), queue_(std::move(queue)) {}

  void push(const Request& request) noexcept {
    payloads_.set(request.id, request.payload_bytes);
    queue_.push(request);
  }

  std::optional<RequestId> front(ModelIndex model) noexcept {
    const std::optional<RequestId> next = queue_.front(model);
    if (!next) return next;
    const bool own = held_ && held_->model == model;
    if (!fits(*payloads_.find(*next))) {
      if (!held_) held_ = {model, 0};
      return std::nullopt;
    }
    if (own) held_.reset();
    if (held_ && held_->overtaken >= settings_.overtakes && under_way_ > 0) return std::nullopt;
    return next;
  }

  /// Counts the request as in flight; if it was not sent, `ended` follows at once.
  void erase(const Request& request) noexcept {
    queue_.erase(request);
    under_way_ += request.payload_bytes;
    if (!held_) return;
    if (held_->model != request.model) {
      ++held_->overtaken;
    } else if (queue_.waiting(request.model) == 0) {
      held_.reset();
    }
  }

  /// The request has ended, for whatever reason, after `erase`.
  void ended(const Request& request) noexcept {
    if (const auto bytes = payloads_.take(request.id)) under_way_ -= *bytes;
    if constexpr (EndListener<Queue>) queue_.ended(request);
  }

  std::size_t waiting(ModelIndex model) const noexcept { return queue_.waiting(model); }

  Admission admit(const Request& request, const LaneLoad& load) noexcept requires AdmissionControl<Queue> {
    return queue_.admit(request, load);
  }

  void observe(const Outcome& outcome) noexcept requires Observer<Queue> { queue_.observe(outcome); }

 private:
  struct Held {
    ModelIndex model;
    std::size_t overtaken;
  };

  bool fits(std::size_t bytes) const noexcept {
    return settings_.bytes == 0 || under_way_ == 0 || bytes == 0 ||
           (under_way_ <= settings_.bytes && bytes <= settings_.bytes - under_way_);
  }

  Settings settings_{};
  Queue queue_{};
  detail::NodeMap<RequestId, std::size_t> payloads_;  // of requests that wait or are in flight
  std::size_t under_way_ = 0;
  std::optional<Held> held_;  // the lane that has waited longest for room
};

static_assert(Scheduler<MemoryAware<>> && EndListener<MemoryAware<>>);

}  // namespace webpool::scheduling
