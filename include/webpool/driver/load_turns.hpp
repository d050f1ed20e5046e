#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/ids.hpp>
#include <webpool/protocol/messages.hpp>

namespace webpool::driver {

/// Which workers load now. A tab loads two models at a time, first come, first served: all that load in one tab compete
/// for its cores, so that with many none would end in time. Where models are parts of a whole of which the first is
/// wanted first, a part's bytes must not compete with those of an earlier one, in whichever tab. On the pool's thread.
class LoadTurns {
 public:
  using Ready = std::vector<std::pair<WorkerId, protocol::Load>>;

  /// The models are parts of one whole, the most urgent first.
  void add(const std::vector<ModelIndex>& parts) {
    ++whole_;
    for (std::size_t rank = 0; rank < parts.size(); ++rank) places_[parts[rank]] = {whole_, rank};
  }
  void remove(ModelIndex part) { places_.erase(part); }

  /// What a page is told of the importance of the model's bytes; empty for a model that is no part.
  std::string_view importance(ModelIndex model) const {
    const auto place = places_.find(model);
    return place == places_.end() ? "" : place->second.rank == 0 ? "high" : "low";
  }

  /// A worker is to load the model.
  void opened(WorkerId worker, ConnectionId tab, ModelIndex model) {
    const auto place = places_.find(model);
    workers_[worker] = {.tab = tab, .part = place == places_.end() ? std::nullopt : std::optional(place->second)};
  }

  /// Whether the worker must wait for its turn; then its load is kept until `fetched` or `ended` gives it out.
  bool hold(WorkerId id, const protocol::Load& load) {
    Loading& worker = workers_[id];
    worker.number = ++arrivals_;
    worker.loads = !must_wait(worker);
    if (!worker.loads) worker.held = load;
    return !worker.loads;
  }

  /// The worker has its bytes. Returns the loads whose turn has come with that.
  Ready fetched(WorkerId worker) {
    const auto found = workers_.find(worker);
    if (found == workers_.end() || !std::exchange(found->second.part, std::nullopt)) return {};
    return give_out();
  }

  /// The worker has loaded its model, or is gone. Returns the loads whose turn has come with that.
  Ready ended(WorkerId worker) {
    if (workers_.erase(worker) == 0) return {};
    return give_out();
  }

 private:
  struct Place {
    std::uint64_t whole = 0;
    std::size_t rank = 0;
  };
  struct Loading {
    ConnectionId tab;
    std::optional<Place> part{};  ///< until it has its bytes
    std::uint64_t number = 0;     ///< in the order in which workers asked for their load
    bool loads = false;
    std::optional<protocol::Load> held{};
  };

  static constexpr int at_a_time = 2;

  bool must_wait(const Loading& worker) const {
    const auto beside = [&](const auto& entry) { return entry.second.loads && entry.second.tab == worker.tab; };
    const auto before = [&](const auto& entry) {
      const auto& other = entry.second.part;
      return other && worker.part && other->whole == worker.part->whole && other->rank < worker.part->rank;
    };
    return std::ranges::count_if(workers_, beside) >= at_a_time || std::ranges::any_of(workers_, before);
  }

  Ready give_out() {
    std::vector<std::pair<std::uint64_t, WorkerId>> waiting;
    for (const auto& [id, each] : workers_)
      if (each.held) waiting.emplace_back(each.number, id);
    std::ranges::sort(waiting, {}, [](const auto& each) { return each.first; });
    Ready ready;
    for (const auto& [number, id] : waiting) {
      Loading& worker = workers_[id];
      if (must_wait(worker)) continue;
      worker.loads = true;
      ready.emplace_back(id, *std::exchange(worker.held, std::nullopt));
    }
    return ready;
  }

  std::uint64_t whole_ = 0, arrivals_ = 0;
  std::unordered_map<ModelIndex, Place> places_;
  std::unordered_map<WorkerId, Loading> workers_;  ///< until they have loaded
};

}  // namespace webpool::driver
