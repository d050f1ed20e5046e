#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>
#include <webpool/ids.hpp>

namespace webpool::engine {

/// A set of tabs that a policy can look at as one span. Insertion, removal and look-up are O(1).
class ConnectionSet {
 public:
  bool contains(ConnectionIndex tab) const noexcept {
    return tab.value < positions_.size() && positions_[tab.value] != nowhere;
  }
  std::span<const ConnectionIndex> tabs() const noexcept { return tabs_; }
  std::size_t size() const noexcept { return tabs_.size(); }
  bool empty() const noexcept { return tabs_.empty(); }

  void insert(ConnectionIndex tab) {
    if (contains(tab)) return;
    if (tab.value >= positions_.size()) positions_.resize(tab.value + 1, nowhere);
    positions_[tab.value] = static_cast<std::uint32_t>(tabs_.size());
    tabs_.push_back(tab);
  }

  void erase(ConnectionIndex tab) noexcept {
    if (!contains(tab)) return;
    const std::uint32_t hole = positions_[tab.value];
    tabs_[hole] = tabs_.back();
    positions_[tabs_[hole].value] = hole;
    positions_[tab.value] = nowhere;
    tabs_.pop_back();
  }

 private:
  static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

  std::vector<ConnectionIndex> tabs_;
  std::vector<std::uint32_t> positions_;  // by tab: where it stands in tabs_
};

}  // namespace webpool::engine
