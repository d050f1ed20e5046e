#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <webpool/engine/connection_set.hpp>
#include <webpool/engine/lane.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>

namespace webpool::engine {

/// What the driver knows of a good result.
struct Check {
  /// A random number from 0 to below 1: below a guest's share, the result is computed again. 1: it never is.
  double draw = 1;
  const Error* disagreement = nullptr;  ///< how it differs from the result that is held for the request
};

/// The reply to a run.
struct Reply {
  WorkerId worker;
  RequestId request;
  const Error* error = nullptr;  ///< null: a good result
  bool started = true;           ///< false when the run had certainly not begun
  Check check{};
};

/// Which results of guests own tabs compute again.
class Rechecks {
 public:
  explicit Rechecks(const GuestSettings& settings) : settings_(settings) {}

  bool on() const noexcept { return settings_.recheck_share > 0; }

  /// The share of a guest's results to check, which has been right so often: `GuestSettings`.
  double share(std::uint64_t agreements) const noexcept {
    if (!on()) return 0;
    if (agreements < settings_.proven_after) return 1;
    return std::max(settings_.recheck_share, 1 / static_cast<double>(agreements));
  }

  bool proves(std::uint64_t agreements) const noexcept { return agreements >= settings_.proven_after; }

 private:
  GuestSettings settings_;
};

/// Up to 16 own tabs of a lane that have room, fewest of the model's requests in flight first.
class OwnTabs {
 public:
  OwnTabs(const Lane& lane, const ConnectionSet& own) {
    for (ConnectionIndex each : own.tabs()) {
      if (size_ == most) break;
      if (lane.has_room(each)) tabs_[size_++] = each;
    }
    const auto position = [&](ConnectionIndex tab) { return lane.positions()[tab.value]; };
    std::sort(tabs_.data(), tabs_.data() + size_, [&](auto a, auto b) { return position(a) < position(b); });
    while (idle_ < size_ && position(tabs_[idle_]) < lane.idle()) ++idle_;
  }

  std::span<const ConnectionIndex> tabs() const noexcept { return {tabs_.data(), size_}; }
  std::size_t idle() const noexcept { return idle_; }

 private:
  static constexpr std::size_t most = 16;

  std::array<ConnectionIndex, most> tabs_;
  std::size_t size_ = 0, idle_ = 0;
};

}  // namespace webpool::engine
