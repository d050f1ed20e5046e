#pragma once

#include <cstddef>
#include <cstdint>

namespace webpool::selector {

/// Random numbers for policies: the 64-bit xorshift sequence (G. Marsaglia, J. Stat. Software 8(14), 2003) from a fixed
/// seed, so that the same events lead to the same choices.
class Draw {
 public:
  constexpr explicit Draw(std::uint64_t seed = 0) noexcept : state_((seed + 1) * 0x9e3779b97f4a7c15 | 1) {}

  /// Uniform below `bound`, up to a bias of bound / 2^32.
  constexpr std::size_t below(std::size_t bound) noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::size_t>(((state_ >> 32) * bound) >> 32);
  }

 private:
  std::uint64_t state_;  // anything but 0
};

}  // namespace webpool::selector
