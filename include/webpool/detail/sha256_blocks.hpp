#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__ARM_FEATURE_SHA2)
#include <arm_neon.h>
#endif

namespace webpool::detail {

/// First 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2).
alignas(16) inline constexpr std::uint32_t sha256_constants[64]{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// Puts blocks of 64 bytes into a state of SHA-256, eight words.
using AbsorbSha256 = void (*)(std::uint32_t* state, const std::byte* blocks, std::size_t count) noexcept;

/// By the standard's formulas, on any processor. Plain arrays and shifts: each call would cost time in a program that
/// is not optimised.
inline void absorb_by_formula(std::uint32_t* state, const std::byte* blocks, std::size_t count) noexcept {
  for (const auto* octet = reinterpret_cast<const unsigned char*>(blocks); count > 0; --count) {
    std::uint32_t w[64];
    for (int i = 0; i < 16; ++i, octet += 4)
      w[i] = std::uint32_t{octet[0]} << 24 | std::uint32_t{octet[1]} << 16 | std::uint32_t{octet[2]} << 8 | octet[3];
    for (int i = 16; i < 64; ++i) {
      const std::uint32_t x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + ((x >> 7 | x << 25) ^ (x >> 18 | x << 14) ^ x >> 3) +
             ((y >> 17 | y << 15) ^ (y >> 19 | y << 13) ^ y >> 10);
    }
    std::uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    std::uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; ++i) {
      const std::uint32_t t1 = h + ((e >> 6 | e << 26) ^ (e >> 11 | e << 21) ^ (e >> 25 | e << 7)) +
                               ((e & f) ^ (~e & g)) + sha256_constants[i] + w[i];
      const std::uint32_t t2 =
          ((a >> 2 | a << 30) ^ (a >> 13 | a << 19) ^ (a >> 22 | a << 10)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::uint32_t mixed[8]{a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i) state[i] += mixed[i];
  }
}

#if defined(__x86_64__) || defined(__i386__)

/// Whether the processor has the instructions, and those that go with them (Intel's manual, volume 2, CPUID).
inline bool has_sha_instructions() noexcept {
  constexpr unsigned ssse3 = 1u << 9, sse41 = 1u << 19, sha = 1u << 29;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || !(c & ssse3) || !(c & sse41)) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & sha);
}

/// By the processor's own instructions, which take the state as two vectors, of A, B, E, F and of C, D, G, H, with the
/// first word on top (Gulley et al., Intel SHA Extensions, 2013).
__attribute__((target("sha,sse4.1,ssse3"))) inline void absorb_by_instructions(std::uint32_t* state,
                                                                               const std::byte* blocks,
                                                                               std::size_t count) noexcept {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  const auto* constants = reinterpret_cast<const __m128i*>(sha256_constants);
  const auto* in = reinterpret_cast<const __m128i*>(blocks);
  auto* out = reinterpret_cast<__m128i*>(state);
  const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(out), 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(out + 1), 0x1b);
  __m128i abef = _mm_alignr_epi8(badc, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, badc, 0xf0);
  for (; count > 0; --count, in += 4) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];  // the last sixteen words
    for (int i = 0; i < 16; ++i) {
      __m128i& next = w[i % 4];
      if (i < 4)
        next = _mm_shuffle_epi8(_mm_loadu_si128(in + i), big_endian);
      else
        next = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(next, w[(i + 1) % 4]),
                                                  _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4)),
                                    w[(i + 3) % 4]);
      const __m128i sum = _mm_add_epi32(next, _mm_load_si128(constants + i));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(out, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(out + 1, _mm_alignr_epi8(dchg, feba, 8));
}

#elif defined(__ARM_FEATURE_SHA2)

/// The compiler was told that the processor has them.
inline bool has_sha_instructions() noexcept { return true; }

/// By the processor's own instructions (Arm Architecture Reference Manual, SHA256H and its neighbours).
inline void absorb_by_instructions(std::uint32_t* state, const std::byte* blocks, std::size_t count) noexcept {
  const auto* octets = reinterpret_cast<const unsigned char*>(blocks);
  uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
  for (; count > 0; --count, octets += 64) {
    const uint32x4_t abcd_before = abcd, efgh_before = efgh;
    uint32x4_t w[4];  // the last sixteen words
    for (int i = 0; i < 16; ++i) {
      uint32x4_t& next = w[i % 4];
      if (i < 4)
        next = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(octets + 16 * i)));
      else
        next = vsha256su1q_u32(vsha256su0q_u32(next, w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
      const uint32x4_t sum = vaddq_u32(next, vld1q_u32(sha256_constants + 4 * i)), before = abcd;
      abcd = vsha256hq_u32(abcd, efgh, sum);
      efgh = vsha256h2q_u32(efgh, before, sum);
    }
    abcd = vaddq_u32(abcd, abcd_before);
    efgh = vaddq_u32(efgh, efgh_before);
  }
  vst1q_u32(state, abcd);
  vst1q_u32(state + 4, efgh);
}

#else

inline bool has_sha_instructions() noexcept { return false; }
inline constexpr AbsorbSha256 absorb_by_instructions = absorb_by_formula;

#endif

/// The fastest way on this processor.
inline AbsorbSha256 fastest_sha256() noexcept {
  static const AbsorbSha256 fastest = has_sha_instructions() ? absorb_by_instructions : absorb_by_formula;
  return fastest;
}

}  // namespace webpool::detail
