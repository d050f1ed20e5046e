#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/request.hpp>

namespace rig {

using namespace webpool;
using namespace std::chrono_literals;

/// Tabs that all serve one model, for selectors to choose from: what an engine's lane would show of them.
struct Tabs {
  explicit Tabs(std::size_t number, Browser browser = Browser::chromium)
      : states(number), backends(number, Backend::wasm), healths(number, 100) {
    for (std::size_t i = 0; i < number; ++i) {
      states[i].browser.browser = browser;
      states[i].joined = TimePoint(1s);
    }
  }

  /// `limit` requests of the model make a tab full.
  PoolView view(std::size_t waiting = 1, unsigned limit = 2) {
    order.clear();
    for (std::uint32_t i = 0; i < states.size(); ++i) order.push_back({i});
    std::ranges::stable_sort(order, {}, [&](ConnectionIndex tab) { return states[tab.value].in_flight; });
    positions.assign(states.size(), 0);
    ends.assign(limit, 0);
    for (std::uint32_t i = 0; i < order.size(); ++i) {
      positions[order[i].value] = i;
      for (unsigned k = states[order[i].value].in_flight; k < limit; ++k) ++ends[k];
    }
    serving = {backends, positions, ends, healths};
    return {states, std::span(order).first(ends.back()), ends.front(), serving, waiting};
  }

  std::vector<ConnectionState> states;
  std::vector<Backend> backends;
  std::vector<float> healths;
  std::vector<ConnectionIndex> order;
  std::vector<std::uint32_t> positions;
  std::vector<std::size_t> ends;
  Serving serving;
};

/// A run of `request` that took `service` in a tab.
inline Outcome outcome(const Tabs& tabs, const Request& request, std::uint32_t tab, std::chrono::nanoseconds service,
                       bool ok = true) {
  return {.request = request,
          .connection = {tab},
          .joined = tabs.states[tab].joined,
          .browser = tabs.states[tab].browser.browser,
          .backend = tabs.backends[tab],
          .sent = TimePoint(5s),
          .ended = TimePoint(5s) + service,
          .service = service,
          .ok = ok};
}

}  // namespace rig
