#pragma once

#include <algorithm>
#include <cstddef>
#include <webpool/clock.hpp>
#include <webpool/testing/random.hpp>

namespace webpool::testing {

/// What the tabs of a simulation cost: their time, from launch (or joining) to closing, and their models' memory.
class Usage {
 public:
  void opened() { peak_open_ = std::max(peak_open_, ++open_); }
  void closed(Duration after) {
    --open_;
    time_ += after;
  }
  void loaded(std::size_t bytes) { peak_bytes_ = std::max(peak_bytes_, bytes_ += bytes); }
  void unloaded(std::size_t bytes) { bytes_ -= bytes; }

  std::size_t peak_open() const noexcept { return peak_open_; }
  std::size_t peak_bytes() const noexcept { return peak_bytes_; }
  /// Of the tabs that were closed.
  Duration time() const noexcept { return time_; }

 private:
  std::size_t open_ = 0, peak_open_ = 0, bytes_ = 0, peak_bytes_ = 0;
  Duration time_{};
};

}  // namespace webpool::testing
