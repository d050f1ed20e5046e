#pragma once

#include <atomic>
#include <webpool/error.hpp>

namespace webpool::driver {

/// Tells a thread that nobody waits any more for what it does. All functions may be called from any thread.
class Interrupt {
 public:
  void raise() noexcept { raised_ = true; }

  /// Throws `errc::cancelled` once it has been raised. For long work, between two pieces.
  void check() const {
    if (raised_) throw Error(errc::cancelled, "nobody waits for it any more");
  }

 private:
  std::atomic<bool> raised_ = false;
};

}  // namespace webpool::driver
