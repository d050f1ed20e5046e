#pragma once

#include <memory>
#include <utility>
#include <webpool/clock.hpp>
#include <webpool/engine/actions.hpp>
#include <webpool/engine/decisions.hpp>
#include <webpool/engine/engine.hpp>
#include <webpool/engine/turn.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

/// The engine, and what it wants done. Rooms tell it events; nobody but `Host::pump` takes actions out, at the end of
/// each event. In the pool's loop.
struct EnginePort {
  EnginePort(PoolOptions options, std::unique_ptr<engine::Decisions> policies)
      : engine(std::move(options), std::move(policies)) {}

  engine::Turn turn(TimePoint now = Clock::now()) noexcept { return {now, actions}; }

  engine::Engine engine;
  engine::Actions actions;
};

}  // namespace webpool::driver
