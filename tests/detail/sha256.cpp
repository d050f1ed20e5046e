// The vectors of NIST's examples for FIPS 180-4, and pieces against the whole.
#include "../catch.hpp"

#include <span>
#include <string>
#include <string_view>
#include <webpool/detail/sha256.hpp>

namespace {

using webpool::detail::Sha256, webpool::detail::sha256_hex;

std::string hash(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text))); }

}  // namespace

TEST_CASE("SHA-256 agrees with NIST's vectors", "[detail]") {
  CHECK(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hash("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstn"
             "opqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  CHECK(hash(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 of pieces is that of the whole", "[detail]") {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (std::size_t first = 0; first <= 130; ++first)
    for (const std::size_t second : {0u, 1u, 63u, 64u, 65u, 128u}) {
      const auto bytes = std::as_bytes(std::span(text));
      Sha256 pieces;
      pieces.update(bytes.first(first));
      pieces.update(bytes.subspan(first, second));
      CHECK(pieces.hex() == hash(text.substr(0, first + second)));
      pieces.update(bytes.subspan(first + second));
      CHECK(pieces.hex() == hash(text));
    }
}
