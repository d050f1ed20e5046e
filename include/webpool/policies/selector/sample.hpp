#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/policies/selector/draw.hpp>

namespace webpool::selector {

/// The candidates that a selector compares: all of them if there are at most `most`, otherwise `most` neighbours from a
/// position drawn at random, among the idle ones if there are enough. A decision then costs the same with 10,000 tabs.
class Sample {
 public:
  static constexpr std::size_t most = 16;

  constexpr Sample(const PoolView& pool, Draw& draw) noexcept {
    const std::span<const ConnectionIndex> all = pool.candidates();
    if (all.size() <= most) {
      size_ = all.size();
      idle_ = pool.idle().size();
      std::ranges::copy(all, tabs_.begin());
      return;
    }
    const bool enough_idle = pool.idle().size() >= most;
    const std::span<const ConnectionIndex> from = enough_idle ? pool.idle() : all;
    const std::size_t first = draw.below(from.size());
    for (std::size_t i = 0; i < most; ++i) tabs_[size_++] = from[(first + i) % from.size()];
    if (enough_idle) idle_ = size_;  // wrapped around, the idle ones of a mixed sample are not its front
  }

  constexpr std::span<const ConnectionIndex> tabs() const noexcept { return {tabs_.data(), size_}; }
  constexpr std::size_t idle() const noexcept { return idle_; }

 private:
  std::array<ConnectionIndex, most> tabs_{};
  std::size_t size_ = 0, idle_ = 0;
};

}  // namespace webpool::selector
