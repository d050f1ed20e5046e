#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <webpool/browser.hpp>
#include <webpool/ids.hpp>
#include <webpool/placing.hpp>

namespace webpool::engine {

/// Which groups are in which tabs and browsers, and which of them a tab's inhabitants want to be apart from. What
/// enters must leave with the same `Placing`. A question costs one look-up per group that it names.
class Neighbours {
 public:
  void enter(ConnectionIndex tab, Browser browser, const Placing& placing) { count(tab, browser, placing, 1); }
  void leave(ConnectionIndex tab, Browser browser, const Placing& placing) { count(tab, browser, placing, -1); }

  /// Whether something with that placing may come into the tab.
  bool welcome(ConnectionIndex tab, Browser browser, const Placing& placing) const {
    return std::ranges::none_of(placing.apart_from, [&](const auto& group) { return in_tab(present_, group, tab); }) &&
           !in_tab(unwanted_, placing.group, tab) && welcome_in(browser, placing);
  }

  /// Whether it may come into some tab of that kind of browser.
  bool welcome_in(Browser browser, const Placing& placing) const {
    return std::ranges::all_of(placing.same_browser_as, [&](const auto& group) {
      const auto found = present_.find(group);
      return found == present_.end() || found->second.browsers[static_cast<std::size_t>(browser)] > 0;
    });
  }

 private:
  struct Members {
    std::unordered_map<std::uint32_t, std::size_t> tabs;
    std::array<std::size_t, detail::browser_names.size()> browsers{};
  };
  using Groups = std::unordered_map<std::string, Members>;

  static bool in_tab(const Groups& groups, const std::string& group, ConnectionIndex tab) {
    const auto found = groups.find(group);
    return found != groups.end() && found->second.tabs.contains(tab.value);
  }

  void count(ConnectionIndex tab, Browser browser, const Placing& placing, int by) {
    if (!placing.group.empty()) count(present_, placing.group, tab, browser, by);
    for (const auto& group : placing.apart_from) count(unwanted_, group, tab, browser, by);
  }

  static void count(Groups& groups, const std::string& group, ConnectionIndex tab, Browser browser, int by) {
    Members& members = groups[group];
    const auto add = static_cast<std::size_t>(by);
    members.browsers[static_cast<std::size_t>(browser)] += add;
    if ((members.tabs[tab.value] += add) == 0) members.tabs.erase(tab.value);
    if (members.tabs.empty()) groups.erase(group);
  }

  Groups present_, unwanted_;
};

}  // namespace webpool::engine
