#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/engine/neighbours.hpp>
#include <webpool/engine/records.hpp>
#include <webpool/engine/slot_map.hpp>

namespace webpool::engine {

/// Who is there and who does what, and the sums over that. Rows are read, and their own fields changed, in place;
/// everything else is for `Tables`.
struct Rows {
  /// `requests_in_flight`: of each worker; `bytes_in_flight`: of each tab, 0: unlimited.
  Rows(unsigned requests_in_flight, std::size_t bytes_in_flight)
      : limit(requests_in_flight),
        byte_limit(bytes_in_flight > 0 ? bytes_in_flight : std::numeric_limits<std::size_t>::max()) {}

  const unsigned limit;
  const std::size_t byte_limit;
  SlotMap<RequestId, RequestRow> requests;
  SlotMap<ConnectionId, ConnectionRow> connections;
  SlotMap<WorkerId, WorkerRow> workers;
  std::vector<std::unique_ptr<ModelRow>> models;  // by index; null where a model was removed
  std::vector<ConnectionState> states;            // by connection index, what policies see
  Neighbours neighbours;                          // the groups in each tab

  std::size_t running = 0;    // requests that are sent and have not ended
  std::size_t in_flight = 0;  // runs sent and not answered, also of requests that have ended
  std::size_t places = 0;     // ready workers in lanes
  std::size_t draining = 0;   // connections
  std::size_t suspended = 0;  // connections
  std::size_t memory = 0;     // bytes of all workers

  static ConnectionIndex index_of(ConnectionId id) noexcept {
    return {static_cast<std::uint32_t>(decltype(connections)::slot_of(id))};
  }
  ConnectionState& state(ConnectionId id) noexcept { return states[index_of(id).value]; }
  ModelRow* model(ModelIndex index) noexcept {
    return index.value < models.size() ? models[index.value].get() : nullptr;
  }
  ModelRow& model_of(const WorkerRow& worker) noexcept { return *models[worker.model.value]; }

  /// Whether something with that placing may come into the tab.
  bool welcome(ConnectionIndex tab, const Placing& placing) const {
    return neighbours.welcome(tab, states[tab.value].browser.browser, placing);
  }

  /// Whether a model is being loaded into it.
  bool loads(const ConnectionRow& tab) const {
    return std::ranges::any_of(tab.workers, [this](WorkerId id) { return !workers[id].ready; });
  }
  /// Whether somebody has handles of tensors in it.
  bool holds_tensors(const ConnectionRow& tab) const {
    return std::ranges::any_of(tab.workers, [this](WorkerId id) { return workers[id].tensors > 0; });
  }
};

}  // namespace webpool::engine
