#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <webpool/clock.hpp>
#include <webpool/testing/random.hpp>

namespace webpool::testing {

/// A random duration, given by its median, which is what one measures, and its spread, the standard deviation as a
/// share of the mean. A plain duration converts to one that never varies.
class Distribution {
 public:
  constexpr Distribution() = default;
  template <class Rep, class Period>
  constexpr Distribution(std::chrono::duration<Rep, Period> always) noexcept  // NOLINT(google-explicit-constructor)
      : median_(std::max(std::chrono::duration<double>(always).count(), 0.0)) {}

  friend Distribution lognormal(Duration median, double spread) noexcept;
  friend Distribution gamma(Duration median, double spread) noexcept;

  Duration operator()(Random& random) const noexcept {
    switch (shape_) {
      case Shape::lognormal: return duration_of(median_ * std::exp(parameter_ * random.normal()));
      case Shape::gamma: return duration_of(median_ * unit_gamma(random) / middle(parameter_));
      case Shape::constant: break;
    }
    return duration_of(median_);
  }

  Duration mean() const noexcept {
    switch (shape_) {
      case Shape::lognormal: return duration_of(median_ * std::exp(parameter_ * parameter_ / 2));
      case Shape::gamma: return duration_of(median_ * parameter_ / middle(parameter_));
      case Shape::constant: break;
    }
    return duration_of(median_);
  }

 private:
  enum class Shape : unsigned char { constant, lognormal, gamma };
  Distribution(Shape shape, Duration median, double parameter) noexcept
      : shape_(shape), median_(std::max(seconds_of(median), 0.0)), parameter_(parameter) {}

  /// The median of the gamma distribution of scale 1, k >= 1, off by less than 2 % (E. Wilson, M. Hilferty, PNAS
  /// 17(12), 1931).
  static double middle(double k) noexcept { return k * std::pow(1 - 1 / (9 * k), 3); }

  /// Of scale 1 (G. Marsaglia, W. Tsang, "A Simple Method for Generating Gamma Variables", ACM TOMS 26(3), 2000).
  double unit_gamma(Random& random) const noexcept {
    const double d = parameter_ - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    while (true) {
      const double x = random.normal(), v = std::pow(1 + c * x, 3);
      if (v > 0 && std::log(1 - random.uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
    }
  }

  Shape shape_ = Shape::constant;
  double median_ = 0;     // seconds
  double parameter_ = 1;  // lognormal: standard deviation of the logarithm; gamma: shape k
};

/// Latencies with a long tail. `spread` below 0 counts as 0.
inline Distribution lognormal(Duration median, double spread) noexcept {
  return {Distribution::Shape::lognormal, median, std::sqrt(std::log1p(std::pow(std::max(spread, 0.0), 2)))};
}

/// Latencies with a short tail. `spread` counts as at least 0.01 and at most 1, the exponential distribution.
inline Distribution gamma(Duration median, double spread) noexcept {
  return {Distribution::Shape::gamma, median, 1 / std::pow(std::clamp(spread, 0.01, 1.0), 2)};
}

}  // namespace webpool::testing
