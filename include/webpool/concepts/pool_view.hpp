#pragma once

#include <cstdint>
#include <span>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>
#include <webpool/ids.hpp>

namespace webpool {

/// One tab as policies see it.
struct ConnectionState {
  BrowserInfo browser;
  TimePoint joined;
  unsigned in_flight = 0;                   ///< requests sent and not yet answered, over all models
  unsigned models = 0;                      ///< loaded or loading
  std::size_t memory_bytes = 0;             ///< of its models: as the page reports, the file's size until then
  std::uint64_t completed = 0, failed = 0;  ///< requests since it joined
  unsigned consecutive_failures = 0;
};

/// The tabs that can take what is being placed, and their state. Valid during the call that it was passed to.
class PoolView {
 public:
  constexpr PoolView(std::span<const ConnectionState> connections, std::span<const ConnectionIndex> candidates,
                     std::size_t idle) noexcept
      : connections_(connections), candidates_(candidates), idle_(idle) {}

  /// Tabs to choose from; never empty. For a request: those that hold its model and have room for one more,
  /// fewest of that model's requests in flight first. For a load: those that may hold the model and don't yet.
  constexpr std::span<const ConnectionIndex> candidates() const noexcept { return candidates_; }

  /// The candidates without any of that model's requests in flight: the front of `candidates()`.
  constexpr std::span<const ConnectionIndex> idle() const noexcept { return candidates_.first(idle_); }

  constexpr const ConnectionState& operator[](ConnectionIndex index) const noexcept {
    return connections_[index.value];
  }

 private:
  std::span<const ConnectionState> connections_;
  std::span<const ConnectionIndex> candidates_;
  std::size_t idle_;
};

}  // namespace webpool
