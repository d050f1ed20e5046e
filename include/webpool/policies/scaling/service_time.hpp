#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <webpool/clock.hpp>
#include <webpool/concepts/observer.hpp>

namespace webpool::scaling::detail {

/// How long a tab is busy with one request, over all models in the mix that is requested. A tab that does nothing else
/// serves 1 / this many per second. Smoothed with α = 0.2 per second if answers are many, and over 16 answers if they
/// are few.
class ServiceTime {
 public:
  void observe(const Outcome& outcome) noexcept {
    if (!outcome.ok) return;
    sum_ += std::max(0.0, std::chrono::duration<double>(outcome.service).count());
    ++answers_;
  }

  /// In seconds; 0 until the first answer.
  double at(TimePoint now) noexcept {
    const double passed = known_ ? std::chrono::duration<double>(now - last_).count() : 0;
    if (answers_ == 0 || (known_ && passed <= 0)) return mean_;
    const double answers = static_cast<double>(answers_);
    const double weight = known_ ? 1 - std::max(std::pow(0.8, passed), std::pow(15.0 / 16, answers)) : 1;
    mean_ += weight * (sum_ / answers - mean_);
    known_ = true;
    last_ = now;
    sum_ = 0;
    answers_ = 0;
    return mean_;
  }

 private:
  double mean_ = 0, sum_ = 0;
  std::size_t answers_ = 0;  // since last_
  TimePoint last_{};
  bool known_ = false;
};

}  // namespace webpool::scaling::detail
