#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <vector>
#include <webpool/request.hpp>

#include "../../catch.hpp"

/// Drives a scheduler with random pushes and erasures and compares it with a sorted list. `before(a, b)`: a goes first.
template <class Scheduler, class Before>
void compare_with_a_sorted_list(Before before, Scheduler scheduler = {}) {
  using namespace webpool;
  std::mt19937_64 random(1);
  std::map<ModelIndex, std::vector<Request>> lanes;
  std::uint64_t next = 0;
  for (int i = 0; i < 30'000; ++i) {
    const ModelIndex model{static_cast<std::uint32_t>(random() % 3)};
    std::vector<Request>& lane = lanes[model];
    const bool grow = (i / 1000) % 2 == 0;
    if (lane.empty() || random() % 10 < (grow ? 6u : 4u)) {
      // Ids as the engine gives them: unique, in no order.
      const Request request{
          .id = {(++next << 20) ^ (random() % 1024)},
          .model = model,
          .priority = static_cast<int>(random() % 4),
          .client = static_cast<std::uint32_t>(random() % 5),
          .submitted = TimePoint(std::chrono::milliseconds(i)),
          .deadline = random() % 4 == 0 ? end_of_time : TimePoint(std::chrono::seconds(random() % 50))};
      scheduler.push(request);
      lane.insert(std::ranges::find_if(lane, [&](const Request& each) { return before(request, each); }), request);
    } else {
      const std::size_t which = random() % 3 == 0 ? random() % lane.size() : 0;
      scheduler.erase(lane[which]);
      lane.erase(lane.begin() + static_cast<std::ptrdiff_t>(which));
    }
    REQUIRE(scheduler.waiting(model) == lane.size());
    REQUIRE(scheduler.front(model) == (lane.empty() ? std::nullopt : std::optional(lane.front().id)));
  }
}
