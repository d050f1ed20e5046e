#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <variant>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/testing/event_queue.hpp>

namespace webpool::testing {

/// What happens in a simulation. If the subject of an event is gone by then, the event is ignored.
namespace event {
struct Join {
  std::size_t kind;
  std::optional<LaunchId> launch;
};
struct LaunchFails {
  LaunchId launch;
};
struct Pong {
  ConnectionId tab;
};
struct Crash {
  ConnectionId tab;
};
struct LoadEnds {
  WorkerId worker;
};
struct Answer {
  WorkerId worker;
  RequestId request;
  std::optional<errc> error;
};
struct Arrival {
  std::size_t process;
};
struct ClientAsks {
  std::size_t client;
};
struct Tick {};
}  // namespace event

using Event = std::variant<event::Join, event::LaunchFails, event::Pong, event::Crash, event::LoadEnds, event::Answer,
                           event::Arrival, event::ClientAsks, event::Tick, std::function<void()>>;
using Events = EventQueue<Event>;

}  // namespace webpool::testing
