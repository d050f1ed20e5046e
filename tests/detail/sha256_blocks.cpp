// Both ways to compute SHA-256 against NIST's vectors and against each other.

#include <webpool/detail/sha256_blocks.hpp>

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/detail/sha256.hpp>

#include "../catch.hpp"

using namespace webpool::detail;

namespace {

/// The ways that this processor has.
const std::vector<AbsorbSha256>& ways() {
  static const std::vector<AbsorbSha256> all =
      has_sha_instructions() ? std::vector<AbsorbSha256>{absorb_by_formula, absorb_by_instructions}
                             : std::vector<AbsorbSha256>{absorb_by_formula};
  return all;
}

std::string hash(AbsorbSha256 way, std::string_view text) {
  Sha256 sum(way);
  sum.update(std::as_bytes(std::span(text)));
  return sum.hex();
}

}  // namespace

TEST_CASE("each way to compute SHA-256 agrees with NIST's vectors", "[detail]") {
  for (const AbsorbSha256 way : ways()) {
    CHECK(hash(way, "") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hash(way, "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hash(way, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hash(way, std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

TEST_CASE("all ways to compute SHA-256 agree on random bytes of random lengths, at any address, whole and in pieces",
          "[detail]") {
  std::mt19937 random(1);
  const auto below = [&](std::size_t end) { return random() % end; };
  std::string text(3000, '\0');
  for (char& each : text) each = static_cast<char>(random());
  for (int round = 0; round < 300; ++round) {
    const std::string_view part = std::string_view(text).substr(below(1000), below(2000));
    const std::string expected = hash(absorb_by_formula, part);
    for (const AbsorbSha256 way : ways()) {
      CHECK(hash(way, part) == expected);
      Sha256 pieces(way);
      for (auto rest = std::as_bytes(std::span(part)); !rest.empty();) {
        const auto piece = rest.first(std::min<std::size_t>(rest.size(), 1 + below(200)));
        pieces.update(piece);
        rest = rest.subspan(piece.size());
      }
      CHECK(pieces.hex() == expected);
    }
  }
}

TEST_CASE("the fastest way is the processor's own where it has one", "[detail]") {
  CHECK(fastest_sha256() == ways().back());
}
