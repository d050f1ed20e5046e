#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/testing/tab_kind.hpp>

namespace webpool::testing {

/// The kinds of tabs in a simulation, by index.
class TabKinds {
 public:
  explicit TabKinds(std::vector<TabKind> kinds) : kinds_(std::move(kinds)) {}

  std::size_t size() const noexcept { return kinds_.size(); }
  const TabKind& operator[](std::size_t kind) const noexcept { return kinds_[kind]; }

  /// Each browser that can be launched, once.
  std::vector<Browser> launchable() const {
    std::vector<Browser> all;
    for (const TabKind& each : kinds_)
      if (each.attached == 0 && std::ranges::find(all, each.browser) == all.end()) all.push_back(each.browser);
    return all;
  }

  /// The kind of the next launch of that browser: its kinds take turns.
  std::optional<std::size_t> next(Browser browser) noexcept {
    for (std::size_t tried = 0; tried < kinds_.size(); ++tried) {
      const std::size_t kind = (turn_ + tried) % kinds_.size();
      if (kinds_[kind].browser != browser || kinds_[kind].attached > 0) continue;
      turn_ = kind + 1;
      return kind;
    }
    return std::nullopt;
  }

 private:
  std::vector<TabKind> kinds_;
  std::size_t turn_ = 0;
};

}  // namespace webpool::testing
