#include <webpool/transport/server_config.hpp>

#include <cstring>
#include <string>

#include "../catch.hpp"

using webpool::transport::unmask;

TEST_CASE("bytes are unmasked as RFC 6455 says, wherever they begin and in whatever pieces they come") {
  const std::string mask = "\x12\xfe\x80\x7f";
  std::size_t key = 0;
  for (std::size_t i = 0; i < sizeof key; ++i) std::memcpy(reinterpret_cast<char*>(&key) + i, &mask[i % 4], 1);
  std::string plain;
  for (int i = 0; i < 100; ++i) plain += static_cast<char>(i * 37);
  std::string masked = plain;
  for (std::size_t i = 0; i < masked.size(); ++i) masked[i] = static_cast<char>(masked[i] ^ mask[i % 4]);
  for (std::size_t offset = 0; offset < sizeof key; ++offset)
    for (std::size_t first = 0; first <= masked.size(); ++first) {
      std::string bytes = std::string(offset, '.') + masked;
      const std::size_t next = unmask(bytes.data() + offset, first, key);
      unmask(bytes.data() + offset + first, masked.size() - first, next);
      REQUIRE(bytes.substr(offset) == plain);
    }
}
