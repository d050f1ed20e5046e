#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <webpool/clock.hpp>

namespace webpool::testing {

/// SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014; constants of
/// S. Vigna's public-domain splitmix64.c). The draws below are written out, because std::*_distribution turns the same
/// bits into different numbers in different standard libraries. Here only the last bit of `std::log` and the like may
/// differ.
class Random {
 public:
  /// Streams of one seed are independent of each other.
  constexpr explicit Random(std::uint64_t seed, std::uint64_t stream = 0) noexcept
      : state_(mix(seed + golden) ^ mix(mix(stream + golden))) {}

  constexpr std::uint64_t bits() noexcept { return mix(state_ += golden); }

  /// Uniform in [0, 1), a multiple of 2^-53.
  constexpr double uniform() noexcept { return static_cast<double>(bits() >> 11) * 0x1p-53; }

  /// Uniform below `bound`, which must not be 0; biased by at most bound / 2^64.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept { return bits() % bound; }

  /// With mean 1.
  double exponential() noexcept { return -std::log(1 - uniform()); }

  /// With mean 0 and variance 1 (G. Box, M. Muller, Ann. Math. Statist. 29(2), 1958).
  double normal() noexcept {
    const double radius = std::sqrt(2 * exponential());
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;

  static constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

/// Rounded down to the clock's resolution.
constexpr Duration duration_of(double seconds) noexcept {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}
constexpr double seconds_of(Duration time) noexcept { return std::chrono::duration<double>(time).count(); }

}  // namespace webpool::testing
