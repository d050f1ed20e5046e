#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/engine/connection_set.hpp>
#include <webpool/engine/lane.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>

namespace webpool::engine {

/// What the driver knows of a good result.
struct Check {
  double lot = 1;  ///< random, from 0 to below 1; below a guest's share, the result is computed again; 1: it never is
  const Error* disagreement = nullptr;  ///< how it differs from the result that is held for the request
};

/// A run that a tab answered or failed.
struct EndedRun {
  WorkerId worker;
  TimePoint sent, ended;
  std::chrono::nanoseconds service;  // of `Outcome`
};

/// Which results of guests own tabs compute again, and those that are held until then.
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

  /// The guest's run gave the result that is held.
  void hold(RequestId request, ConnectionId guest, const EndedRun& run) {
    held_.insert_or_assign(request, Held{guest, run});
  }

  struct Held {
    ConnectionId guest;
    EndedRun run;
  };

  /// Empty when nothing is held for the request.
  std::optional<Held> take(RequestId request) {
    auto found = held_.extract(request);
    return found ? std::optional(found.mapped()) : std::nullopt;
  }

  /// Takes all results of one guest.
  std::vector<RequestId> take_all(ConnectionId guest) {
    std::vector<RequestId> taken;
    for (const auto& [request, held] : held_)
      if (held.guest == guest) taken.push_back(request);
    std::ranges::sort(taken);
    for (RequestId each : taken) held_.erase(each);
    return taken;
  }

 private:
  GuestSettings settings_;
  std::unordered_map<RequestId, Held> held_;
};

/// Up to 16 own tabs of a lane that have room, fewest of the model's requests in flight first.
class OwnTabs {
 public:
  OwnTabs(const Lane& lane, const ConnectionSet& own) {
    for (ConnectionIndex each : own.tabs())
      if (size_ < most && lane.has_room(each)) tabs_[size_++] = each;
    const auto position = [&](ConnectionIndex tab) { return lane.positions()[tab.value]; };
    std::ranges::sort(tabs_.begin(), tabs_.begin() + size_, {}, position);
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
