#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/ids.hpp>

namespace webpool::engine {

/// The tabs that serve one model, ordered by how many of its requests each has in flight, so that those with room are
/// one span and the idle ones its front, without a scan or an allocation per decision.
///
/// The order is by buckets only: `ends_[k]` is where the tabs with at most k requests in flight end, and those with
/// `limit` stand behind `ends_.back()`. A request sent or answered moves a tab to the neighbouring bucket by one swap.
class Lane {
 public:
  /// `limit`: requests that one tab may have in flight, at least 1.
  explicit Lane(unsigned limit) : ends_(limit, 0) {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  std::size_t size() const noexcept { return tabs_.size(); }
  bool contains(ConnectionIndex tab) const noexcept { return position(tab) != nowhere; }
  bool has_room() const noexcept { return ends_.back() > 0; }
  bool has_room(ConnectionIndex tab) const noexcept { return position(tab) < ends_.back(); }

  /// What `PoolView` takes for a request: tabs with room, and how many of them at the front are idle.
  std::span<const ConnectionIndex> candidates() const noexcept { return {tabs_.data(), ends_.back()}; }
  std::size_t idle() const noexcept { return ends_.front(); }

  /// What policies see of the lane. It stays where it is and is always up to date.
  const Serving& serving() const noexcept { return serving_; }

  /// The worker that serves the model in that tab, which must be in the lane.
  WorkerId worker(ConnectionIndex tab) const noexcept { return workers_[position(tab)]; }

  /// A tab, in the lane or not, can run the model now; its health is full.
  void set_backend(ConnectionIndex tab, Backend backend) {
    make_room_for(tab);
    backends_[tab.value] = backend;
    healths_[tab.value] = 100;
  }

  /// Of a tab that has a backend.
  void set_health(ConnectionIndex tab, float health) noexcept { healths_[tab.value] = health; }

  /// Adds a tab, which has nothing in flight.
  void insert(ConnectionIndex tab, WorkerId worker) {
    make_room_for(tab);
    positions_[tab.value] = static_cast<std::uint32_t>(tabs_.size());
    tabs_.push_back(tab);
    workers_.push_back(worker);
    unblock(tab, 0);
  }

  /// Takes a tab out, whatever it has in flight.
  void erase(ConnectionIndex tab) noexcept {
    if (!contains(tab)) return;
    block(tab);
    swap(position(tab), tabs_.size() - 1);
    tabs_.pop_back();
    workers_.pop_back();
    positions_[tab.value] = nowhere;
  }

  /// That tab has no room, whatever it has in flight, until `unblock`. Neither `sent` nor `answered` is for it
  /// meanwhile.
  void block(ConnectionIndex tab) noexcept {
    std::size_t here = position(tab);
    for (std::size_t& end : ends_)
      if (here < end) here = swap(here, --end);
  }

  /// Ends `block`; `in_flight`: requests of the model in that tab.
  void unblock(ConnectionIndex tab, std::size_t in_flight) noexcept {
    std::size_t here = position(tab);
    for (std::size_t k = ends_.size(); k-- > in_flight; ++ends_[k]) here = swap(here, ends_[k]);
  }

  /// One more request in flight in that tab, which must have room.
  void sent(ConnectionIndex tab) noexcept {
    const std::size_t here = position(tab);
    swap(here, --*bucket_of(here));
  }

  /// One less in that tab, which must have had one.
  void answered(ConnectionIndex tab) noexcept {
    const std::size_t here = position(tab);
    const auto below = bucket_of(here) - 1;
    swap(here, (*below)++);
  }

 private:
  static constexpr std::uint32_t nowhere = Serving::nowhere;

  void make_room_for(ConnectionIndex tab) {
    if (tab.value < positions_.size()) return;
    positions_.resize(tab.value + 1, nowhere);
    backends_.resize(tab.value + 1);
    healths_.resize(tab.value + 1);
    serving_ = {backends_, positions_, ends_, healths_};
  }

  std::size_t position(ConnectionIndex tab) const noexcept {
    return tab.value < positions_.size() ? positions_[tab.value] : nowhere;
  }

  /// The end of the bucket that holds a position.
  std::vector<std::size_t>::iterator bucket_of(std::size_t here) noexcept {
    return std::upper_bound(ends_.begin(), ends_.end(), here);
  }

  std::size_t swap(std::size_t a, std::size_t b) noexcept {
    std::swap(tabs_[a], tabs_[b]);
    std::swap(workers_[a], workers_[b]);
    positions_[tabs_[a].value] = static_cast<std::uint32_t>(a);
    positions_[tabs_[b].value] = static_cast<std::uint32_t>(b);
    return b;
  }

  std::vector<ConnectionIndex> tabs_;
  std::vector<WorkerId> workers_;         // of tabs_, in the same order
  std::vector<std::uint32_t> positions_;  // by tab: where it stands in tabs_
  std::vector<std::size_t> ends_;
  std::vector<Backend> backends_;  // by tab
  std::vector<float> healths_;     // the same
  Serving serving_{};              // spans of these four
};

}  // namespace webpool::engine
