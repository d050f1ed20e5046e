#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <webpool/clock.hpp>
#include <webpool/driver/place.hpp>
#include <webpool/error.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

/// Bounds the requests that a pool has taken over and not ended, and the bytes of their inputs: what callers may make
/// the host hold. Any thread; owned by a `std::shared_ptr`, because a place may outlive the pool.
class Backlog final : public PlaceOwner, public std::enable_shared_from_this<Backlog> {
 public:
  explicit Backlog(const BacklogLimits& limits) : limits_(limits) {}

  /// A place, if there is one at once.
  std::optional<Place> enter(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    return fits(bytes) ? std::optional(take(bytes)) : std::nullopt;
  }

  /// A place, waited for until `deadline`; places are given as they come free, in no order.
  std::optional<Place> wait(std::size_t bytes, TimePoint deadline) {
    std::unique_lock lock(mutex_);
    const auto possible = [&] { return closed_ || fits(bytes); };
    ++waiting_;
    const bool came =
        deadline == end_of_time ? (room_.wait(lock, possible), true) : room_.wait_until(lock, deadline, possible);
    --waiting_;
    return came ? std::optional(take(bytes)) : std::nullopt;
  }

  /// How many hold a place.
  std::size_t requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  /// Lets everybody in: a closed pool ends its requests by itself.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
  }

  /// What a request without a place ends with.
  Error full(const std::string& model, errc code = errc::would_block) const {
    const std::lock_guard lock(mutex_);
    return {code, "model '" + model + "': the pool holds " + std::to_string(requests_) + " requests of " +
                      std::to_string(bytes_) + " bytes, and may hold " + std::to_string(limits_.requests) + " of " +
                      std::to_string(limits_.bytes)};
  }

 private:
  /// What is larger than all that the pool may hold goes alone, or it would never go.
  bool fits(std::size_t bytes) const noexcept {
    if (requests_ == 0 || closed_) return true;
    return (limits_.requests == 0 || requests_ < limits_.requests) &&
           (limits_.bytes == 0 || (bytes_ <= limits_.bytes && bytes <= limits_.bytes - bytes_));
  }

  Place take(std::size_t bytes) noexcept {
    ++requests_;
    bytes_ += bytes;
    return {shared_from_this(), bytes};
  }

  void leave(std::size_t bytes) noexcept override {
    bool awaited;
    {
      const std::lock_guard lock(mutex_);
      --requests_;
      bytes_ -= bytes;
      awaited = waiting_ > 0;
    }
    if (awaited) room_.notify_all();
  }

  const BacklogLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::size_t requests_ = 0, bytes_ = 0, waiting_ = 0;
  bool closed_ = false;
};

}  // namespace webpool::driver
