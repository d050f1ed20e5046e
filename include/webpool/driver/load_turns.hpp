#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/ids.hpp>
#include <webpool/protocol/messages.hpp>

namespace webpool::driver {

/// Which workers fetch now, where models are parts of a whole of which the first is wanted first: a part's bytes must
/// not compete with those of an earlier one, in whichever tab. Workers of other models never wait. On the pool's
/// thread.
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

  /// A worker is to load the model: it has not got the bytes yet.
  void opened(WorkerId worker, ModelIndex model) {
    if (const auto place = places_.find(model); place != places_.end()) workers_[worker] = {place->second, {}};
  }

  /// Whether the worker must wait for its turn; then its load is kept until `ended` gives it out.
  bool hold(WorkerId worker, const protocol::Load& load) {
    const auto found = workers_.find(worker);
    if (found == workers_.end() || !must_wait(found->second.place)) return false;
    found->second.held = load;
    return true;
  }

  /// The worker has its bytes, or is gone. Returns the loads whose turn has come with that.
  Ready ended(WorkerId worker) {
    Ready ready;
    if (workers_.erase(worker) == 0) return ready;
    for (auto& [id, each] : workers_)
      if (each.held && !must_wait(each.place)) ready.emplace_back(id, *std::exchange(each.held, std::nullopt));
    std::ranges::sort(ready, {}, [](const auto& each) { return each.first.value; });
    return ready;
  }

 private:
  struct Place {
    std::uint64_t whole = 0;
    std::size_t rank = 0;
  };
  struct Fetching {
    Place place;
    std::optional<protocol::Load> held;
  };

  bool must_wait(const Place& place) const {
    return std::ranges::any_of(workers_, [&](const auto& entry) {
      return entry.second.place.whole == place.whole && entry.second.place.rank < place.rank;
    });
  }

  std::uint64_t whole_ = 0;
  std::unordered_map<ModelIndex, Place> places_;
  std::unordered_map<WorkerId, Fetching> workers_;  ///< of parts, until they have their bytes
};

}  // namespace webpool::driver
