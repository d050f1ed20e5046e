#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace webpool::driver {

/// Who gives places and takes them back: a pool's backlog.
class PlaceOwner {
 public:
  virtual void leave(std::size_t bytes) noexcept = 0;

 protected:
  ~PlaceOwner() = default;
};

/// One request's share of what a pool may hold, given back when it is destroyed. Any thread; may outlive the pool.
class Place {
 public:
  Place() = default;
  Place(std::shared_ptr<PlaceOwner> owner, std::size_t bytes) noexcept : owner_(std::move(owner)), bytes_(bytes) {}
  Place(Place&&) noexcept = default;
  Place& operator=(Place&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Place() { leave(); }

  /// Gives it back now.
  void leave() noexcept {
    if (const auto owner = std::exchange(owner_, nullptr)) owner->leave(bytes_);
  }

 private:
  std::shared_ptr<PlaceOwner> owner_;
  std::size_t bytes_ = 0;
};

}  // namespace webpool::driver
