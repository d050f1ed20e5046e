#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <webpool/detail/sha256_blocks.hpp>

namespace webpool::detail {

/// SHA-256 (FIPS 180-4) of bytes that come in pieces. Use one object per thread.
class Sha256 {
 public:
  explicit Sha256(AbsorbSha256 absorb = fastest_sha256()) noexcept : absorb_(absorb) {}

  void update(std::span<const std::byte> bytes) noexcept {
    length_ += bytes.size();
    if (filled_ > 0) {
      const std::size_t taken = std::min(bytes.size(), block_.size() - filled_);
      std::copy_n(bytes.data(), taken, block_.data() + filled_);
      bytes = bytes.subspan(taken);
      filled_ += taken;
      if (filled_ < block_.size()) return;
      absorb_(state_.data(), block_.data(), 1);
      filled_ = 0;
    }
    const std::size_t whole = bytes.size() / block_.size();
    absorb_(state_.data(), bytes.data(), whole);
    bytes = bytes.subspan(whole * block_.size());
    std::ranges::copy(bytes, block_.begin());
    filled_ = bytes.size();
  }

  /// The digest of everything so far, as 64 lower-case hexadecimal digits. More bytes may follow.
  std::string hex() const {
    Sha256 last = *this;
    const std::uint64_t bits = length_ * 8;
    std::array<std::byte, 72> padding{std::byte{0x80}};
    const std::size_t zeros = (block_.size() * 2 - 9 - filled_) % block_.size();
    for (std::size_t i = 0; i < 8; ++i) padding[1 + zeros + i] = static_cast<std::byte>(bits >> (56 - 8 * i));
    last.update(std::span(padding).first(9 + zeros));
    std::string text;
    for (const std::uint32_t word : last.state_)
      for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[word >> shift & 15];
    return text;
  }

 private:
  AbsorbSha256 absorb_;
  /// First 32 bits of the fractional parts of the square roots of the first eight primes (section 5.3.3).
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> block_{};
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0;
};

/// The SHA-256 of some bytes, in lower-case hexadecimal digits.
inline std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

}  // namespace webpool::detail
