#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>
#include <webpool/ids.hpp>
#include <webpool/page_hints.hpp>
#include <webpool/trust.hpp>

namespace webpool {

/// One tab as policies see it.
struct ConnectionState {
  BrowserInfo browser;
  TimePoint joined;
  unsigned in_flight = 0;                   ///< requests sent and not yet answered, over all models
  unsigned models = 0;                      ///< loaded or loading
  std::size_t memory_bytes = 0;             ///< of its models: as the page reports; until it does, the files' sizes
  std::uint64_t completed = 0, failed = 0;  ///< requests since it joined
  unsigned consecutive_failures = 0;
  double health = 100;           ///< 0 to 100, `reliability::health` over all its models
  Trust trust = Trust::guest;    ///< how far its results are trusted
  std::uint64_t agreements = 0;  ///< of a guest's results with those of an own tab
  PageHints hints{};             ///< what it reports about its device: visible, charging, under pressure ...
};

/// The tabs that serve one model, indexed by connection.
struct Serving {
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0};
  std::span<const Backend> backends{};         ///< what runs the model there
  std::span<const std::uint32_t> positions{};  ///< in the order of load; `nowhere` if the tab doesn't serve the model
  std::span<const std::size_t> ends{};         ///< element k: tabs with at most k requests of the model in flight
  std::span<const float> healths{};            ///< of the model there, by connection
};

/// The tabs that can take the request or load being placed, and their state. Valid during the call it is passed to.
class PoolView {
 public:
  /// For a load.
  constexpr PoolView(std::span<const ConnectionState> connections, std::span<const ConnectionIndex> candidates,
                     std::size_t idle) noexcept
      : PoolView(connections, candidates, idle, nothing, 0) {}

  /// For a request: `serving` is of its model, and must outlive the view; `waiting` requests wait for it, this one
  /// included.
  constexpr PoolView(std::span<const ConnectionState> connections, std::span<const ConnectionIndex> candidates,
                     std::size_t idle, const Serving& serving, std::size_t waiting) noexcept
      : connections_(connections), candidates_(candidates), idle_(idle), waiting_(waiting), serving_(&serving) {}
  PoolView(std::span<const ConnectionState>, std::span<const ConnectionIndex>, std::size_t, Serving&&,
           std::size_t) = delete;

  /// Tabs to choose from; never empty. For a request: those that hold its model and have room for one more, those with
  /// the fewest of that model's requests in flight first. For a load: those that may hold the model but don't yet.
  constexpr std::span<const ConnectionIndex> candidates() const noexcept { return candidates_; }

  /// The candidates without any of that model's requests in flight: the front of `candidates()`.
  constexpr std::span<const ConnectionIndex> idle() const noexcept { return candidates_.first(idle_); }

  /// Whether the tab is a candidate; O(1) for a request's view from the engine.
  constexpr bool contains(ConnectionIndex index) const noexcept {
    if (whole_ && !serving_->positions.empty())
      return index.value < serving_->positions.size() && serving_->positions[index.value] < candidates_.size();
    return std::find(candidates_.begin(), candidates_.end(), index) != candidates_.end();
  }

  /// The same pool with a subset of the candidates; the first `idle` of them are idle.
  constexpr PoolView with(std::span<const ConnectionIndex> candidates, std::size_t idle) const noexcept {
    PoolView view(connections_, candidates, idle, *serving_, waiting_);
    view.whole_ = false;
    return view;
  }

  constexpr const ConnectionState& operator[](ConnectionIndex index) const noexcept {
    return connections_[index.value];
  }

  /// Slots of tabs, joined or gone; every `ConnectionIndex` is below this.
  constexpr std::size_t slots() const noexcept { return connections_.size(); }

  /// Waiting requests for the model, this one included; 0 for a load.
  constexpr std::size_t waiting() const noexcept { return waiting_; }

  /// Whether the tab serves the request's model, even if it has no room; false for a load.
  constexpr bool serves(ConnectionIndex index) const noexcept {
    return index.value < serving_->positions.size() && serving_->positions[index.value] != Serving::nowhere;
  }

  /// Requests for the model in flight in a tab that serves it.
  constexpr unsigned in_flight(ConnectionIndex index) const noexcept {
    const std::size_t position = serving_->positions[index.value];
    unsigned count = 0;
    while (count < serving_->ends.size() && position >= serving_->ends[count]) ++count;
    return count;
  }

  /// From 0 to 100: the lower of the tab's health and, if it serves the request's model, the model's health there.
  constexpr double health(ConnectionIndex index) const noexcept {
    const double own = serves(index) && index.value < serving_->healths.size()
                           ? static_cast<double>(serving_->healths[index.value])
                           : 100;
    return std::min(own, connections_[index.value].health);
  }

  /// The backend that runs the request's model in this tab; empty if the tab doesn't serve it.
  constexpr std::optional<Backend> backend(ConnectionIndex index) const noexcept {
    return serves(index) ? std::optional(serving_->backends[index.value]) : std::nullopt;
  }

 private:
  static constexpr Serving nothing{};

  std::span<const ConnectionState> connections_;
  std::span<const ConnectionIndex> candidates_;
  std::size_t idle_;
  std::size_t waiting_;
  const Serving* serving_;
  bool whole_ = true;  // all candidates are here, in the order of `serving_->positions`
};

}  // namespace webpool
