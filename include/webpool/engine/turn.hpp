#pragma once

#include <webpool/clock.hpp>
#include <webpool/engine/actions.hpp>

namespace webpool::engine {

/// One event's share of the engine: when it happens, and where what is to be done about it goes.
struct Turn {
  TimePoint now;
  Actions& out;
};

}  // namespace webpool::engine
