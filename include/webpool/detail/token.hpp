#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

namespace webpool::detail {

/// 128 bits from the system's random source, as 32 hexadecimal digits.
inline std::string random_token() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device source;
  std::string token;
  for (int word = 0; word < 4; ++word) {
    auto bits = source();
    for (int i = 0; i < 8; ++i, bits >>= 4) token += digits[bits & 15];
  }
  return token;
}

/// Compares two texts in constant time, so that the duration doesn't reveal where they differ.
inline bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(b[i]));
  return difference == 0;
}

}  // namespace webpool::detail
