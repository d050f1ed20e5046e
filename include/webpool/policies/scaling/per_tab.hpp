#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <webpool/clock.hpp>

namespace webpool::scaling::detail {

/// How much of something one tab has, places or bytes. It rises at once and falls ten times slower than α per second
/// would, because tabs that have just joined hold nothing yet and will soon be like the others.
class PerTab {
 public:
  explicit PerTab(double alpha = 0.2) noexcept : keep_(1 - alpha) {}

  double update(TimePoint now, std::size_t total, std::size_t tabs) noexcept {
    const double seconds = started_ ? std::max(0.0, std::chrono::duration<double>(now - last_).count()) : 0;
    started_ = true;
    last_ = now;
    const double average = tabs == 0 ? 0 : static_cast<double>(total) / static_cast<double>(tabs);
    return value_ = std::max(average, value_ * std::pow(keep_, seconds / 10));
  }

  double value() const noexcept { return value_; }

 private:
  double keep_;
  double value_ = 0;
  TimePoint last_{};
  bool started_ = false;
};

}  // namespace webpool::scaling::detail
