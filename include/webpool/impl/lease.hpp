#pragma once

#include <memory>
#include <utility>
#include <webpool/driver/runtime.hpp>
#include <webpool/ids.hpp>

namespace webpool::impl {

/// What a pool has loaded into one worker per tab: one model, or those that share workers.
struct Lease {
  std::shared_ptr<driver::Runtime> runtime;  ///< null when the load failed: then there is nothing to release
  ModelIndex index;
  const bool shared;

  Lease(std::shared_ptr<driver::Runtime> of, bool several) : runtime(std::move(of)), shared(several) {}
  Lease(const Lease&) = delete;  // each releases the model once
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    if (runtime) runtime->release(index);
  }
};

}  // namespace webpool::impl
