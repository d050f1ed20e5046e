#pragma once

#include <memory>
#include <webpool/clock.hpp>
#include <webpool/driver/generation_run.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/request.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

/// What a caller asks for, on its way to the engine.
struct NewRequest {
  ModelRef model{};
  TimePoint submitted{};
  Inputs inputs{};
  RequestOptions options{};
  std::shared_ptr<Ticket> ticket{};  ///< null where nobody can cancel it
  Completion done{};
  std::shared_ptr<GenerationRun> generation{};  ///< null for a run
};

}  // namespace webpool::driver
