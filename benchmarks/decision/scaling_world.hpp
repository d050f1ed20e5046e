#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scaling_policy.hpp>

#include "lane_world.hpp"

namespace decision {

/// A pool that is asked each second how many tabs it should have, with a load that goes up and down: after a day of
/// them, a forecast knows its season.
template <ScalingPolicy Scaling>
class ScalingWorld {
 public:
  ScalingWorld(std::size_t tabs, std::size_t queued) {
    load_.max_connections = 2 * tabs;
    load_.connections = tabs;
    load_.capacity = 2 * tabs;
    load_.queued = queued;
    load_.memory_bytes = tabs << 27;
  }

  void step() {
    prepare(1);
    decide(1);
  }
  void prepare(int answers) {
    if constexpr (Observer<Scaling>) {
      const Request answered = request(load_.submitted);
      for (int i = 0; i < answers; ++i)
        scaling_.observe({.request = answered,
                          .connection = {},
                          .joined = {},
                          .sent = load_.now,
                          .ended = load_.now,
                          .service = std::chrono::milliseconds(50)});
    }
  }
  void decide(int times) {
    for (int i = 0; i < times; ++i) {
      load_.now += std::chrono::seconds(1);
      load_.submitted += 100;
      load_.in_flight = load_.submitted / 100 % (load_.capacity + 1);
      benchmark::DoNotOptimize(scaling_.desired(load_));
    }
  }

 private:
  Scaling scaling_{};
  PoolLoad load_{};
};

}  // namespace decision
