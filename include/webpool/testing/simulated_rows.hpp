#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/ids.hpp>
#include <webpool/testing/tab_kind.hpp>

namespace webpool::testing {

/// What `SimulatedTabs` knows of each browser, tab, worker and model.
struct SimulatedRows {
  struct Sent {
    WorkerId worker;
    RequestId request;
    std::size_t number;
  };
  using Line = std::deque<Sent>;  // the first computes

  struct Launched {
    std::size_t kind;
    TimePoint since;
    std::optional<ConnectionId> tab;
  };
  struct Tab {
    std::size_t kind;
    std::optional<LaunchId> launch;
    TimePoint since;
    std::size_t bytes;
    std::vector<WorkerId> workers;
    Line line;  // if workers share a processor
  };
  struct Worker {
    ConnectionId tab;
    ModelIndex model;
    const SimulatedModel* speed;  // null if this kind of tab can't load the model
    std::size_t bytes;
    bool ready;
    Line line;  // if they don't
  };
  struct Model {
    std::string name;
    std::size_t bytes = 0, holders = 0;
    std::uint64_t loads = 0;
  };
};

}  // namespace webpool::testing
