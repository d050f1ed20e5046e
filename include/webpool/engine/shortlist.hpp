#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <webpool/engine/connection_set.hpp>
#include <webpool/engine/lane.hpp>
#include <webpool/ids.hpp>

namespace webpool::engine {

/// Up to 16 tabs of a lane that have room, fewest of the model's requests in flight first: what a selector sees of a
/// request that may not go everywhere.
class Shortlist {
 public:
  /// Those that `wanted` says.
  template <class Wanted>
  static Shortlist of(const Lane& lane, Wanted wanted) {
    Shortlist list;
    for (ConnectionIndex each : lane.candidates())
      if (wanted(each) && !list.add(each)) break;
    list.count_idle(lane);
    return list;
  }

  /// Of these, which are in the lane.
  static Shortlist among(const Lane& lane, const ConnectionSet& tabs) noexcept {
    Shortlist list;
    for (ConnectionIndex each : tabs.tabs())
      if (lane.has_room(each) && !list.add(each)) break;
    std::sort(list.tabs_.data(), list.tabs_.data() + list.size_,
              [&](auto a, auto b) { return lane.serving().positions[a.value] < lane.serving().positions[b.value]; });
    list.count_idle(lane);
    return list;
  }

  std::span<const ConnectionIndex> tabs() const noexcept { return {tabs_.data(), size_}; }
  std::size_t idle() const noexcept { return idle_; }

 private:
  static constexpr std::size_t most = 16;

  Shortlist() = default;

  /// False when it is full.
  bool add(ConnectionIndex tab) noexcept {
    if (size_ == most) return false;
    tabs_[size_++] = tab;
    return true;
  }

  void count_idle(const Lane& lane) noexcept {
    while (idle_ < size_ && lane.serving().positions[tabs_[idle_].value] < lane.idle()) ++idle_;
  }

  std::array<ConnectionIndex, most> tabs_;
  std::size_t size_ = 0, idle_ = 0;
};

}  // namespace webpool::engine
