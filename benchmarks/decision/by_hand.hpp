#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <unordered_set>
#include <utility>
#include <vector>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/engine/slot_map.hpp>

#include "lane_world.hpp"

namespace decision {

/// What `LaneWorld<selector::PowerOfTwo, scheduling::Priority>` does, written for just that: no policy, no concept, no
/// view. What a template costs shows beside it.
class ByHand {
 public:
  ByHand(std::size_t tabs, std::size_t queued) : states_(tabs), positions_(tabs) {
    for (std::uint32_t i = 0; i < tabs; ++i) {
      states_[i].browser.browser = i % 2 == 0 ? Browser::chromium : Browser::firefox;
      tabs_.push_back(i);
      workers_.push_back(i);
      positions_[i] = i;
    }
    ends_[0] = ends_[1] = tabs;
    const std::size_t sent = 2 * tabs - tabs / 2;
    for (std::size_t i = 0; i < queued + sent; ++i) push();
    for (std::size_t i = 0; i < sent; ++i) send();
  }

  void step() {
    answer();
    push();
    send();
  }

 private:
  struct Level {
    std::vector<RequestId> ids;
    std::size_t first = 0, cancelled = 0;  // those before it have left; those behind it that have
  };
  using Levels = std::map<int, Level, std::greater<>>;  // by priority; none is empty
  struct Queue {
    Levels levels;
    std::size_t waiting = 0;
  };
  struct Sent {
    std::uint32_t tab;
    RequestId request;
  };
  void push() {
    const RequestId id = requests_.insert(request(pushed_++));
    Request& fresh = requests_[id];
    fresh.id = id;
    if (fresh.model.value >= queues_.size()) queues_.resize(fresh.model.value + 1);
    Queue& queue = queues_[fresh.model.value];
    ++queue.waiting;
    if (const auto found = queue.levels.find(fresh.priority); found != queue.levels.end()) {
      found->second.ids.push_back(id);
    } else if (spare_.empty()) {
      queue.levels[fresh.priority].ids.push_back(id);
    } else {
      auto node = std::move(spare_.back());
      spare_.pop_back();
      node.key() = fresh.priority;
      queue.levels.insert(std::move(node)).position->second.ids.push_back(id);
    }
  }

  void answer() {
    if (first_ == running_.size()) return;
    const Sent done = running_[first_++];
    if (first_ > 4096 && 2 * first_ > running_.size()) {
      running_.erase(running_.begin(), running_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
    const std::size_t here = positions_[done.tab];
    std::size_t& end = here < ends_[1] ? ends_[0] : ends_[1];
    swap(here, end++);
    --states_[done.tab].in_flight;
    requests_.erase(done.request);
  }

  void send() {
    if (ends_[1] == 0 || queues_.empty() || queues_[0].waiting == 0) return;
    const Level& top = queues_[0].levels.begin()->second;
    const Request& chosen = requests_[top.ids[top.first]];
    const std::size_t among = ends_[0] > 0 ? ends_[0] : ends_[1];
    std::uint32_t tab = tabs_[0];
    if (among > 1) {
      const std::size_t first = below(among), second = (first + 1 + below(among - 1)) % among;
      tab = states_[tabs_[second]].in_flight < states_[tabs_[first]].in_flight ? tabs_[second] : tabs_[first];
    }
    if (positions_[tab] >= ends_[1]) return;
    remove(chosen);
    const std::size_t here = positions_[tab];
    std::size_t& end = here < ends_[0] ? ends_[0] : ends_[1];
    swap(here, --end);
    ++states_[tab].in_flight;
    running_.push_back({tab, chosen.id});
  }

  void remove(const Request& request) {
    Queue& queue = queues_[request.model.value];
    const auto found = queue.levels.find(request.priority);
    Level& level = found->second;
    if (level.ids[level.first] != request.id) {
      cancelled_.insert(request.id);
      ++level.cancelled;
    } else {
      ++level.first;
    }
    while (level.cancelled > 0 && cancelled_.erase(level.ids[level.first]) > 0) {
      ++level.first;
      --level.cancelled;
    }
    const std::size_t gone = level.first + level.cancelled;
    const bool empty = gone == level.ids.size();
    if (empty || 2 * gone > level.ids.size() + 64) {
      level.ids.erase(level.ids.begin(), level.ids.begin() + static_cast<std::ptrdiff_t>(level.first));
      if (level.cancelled > 0) std::erase_if(level.ids, [this](RequestId id) { return cancelled_.erase(id) > 0; });
      level.first = level.cancelled = 0;
    }
    if (empty) spare_.push_back(queue.levels.extract(found));
    --queue.waiting;
  }

  void swap(std::size_t a, std::size_t b) {
    std::swap(tabs_[a], tabs_[b]);
    std::swap(workers_[a], workers_[b]);
    positions_[tabs_[a]] = static_cast<std::uint32_t>(a);
    positions_[tabs_[b]] = static_cast<std::uint32_t>(b);
  }

  std::size_t below(std::size_t bound) {
    draw_ ^= draw_ << 13;
    draw_ ^= draw_ >> 7;
    draw_ ^= draw_ << 17;
    return static_cast<std::size_t>(((draw_ >> 32) * bound) >> 32);
  }

  std::vector<ConnectionState> states_;
  std::vector<std::uint32_t> tabs_, positions_;
  std::vector<std::uint64_t> workers_;
  std::size_t ends_[2] = {0, 0};  // of the tabs with nothing in flight, and with at most one request
  engine::SlotMap<RequestId, Request> requests_;
  std::vector<Queue> queues_;  // by model
  std::vector<Levels::node_type> spare_;
  std::unordered_set<RequestId> cancelled_;
  std::uint64_t pushed_ = 0, draw_ = 0x9e3779b97f4a7c15;
  std::vector<Sent> running_;
  std::size_t first_ = 0;
};

}  // namespace decision
