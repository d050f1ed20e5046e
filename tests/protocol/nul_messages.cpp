#include <webpool/protocol/nul_messages.hpp>

#include <string>
#include <vector>

#include "../catch.hpp"

using namespace std::string_literals;
using webpool::protocol::NulMessages;
using Texts = std::vector<std::string>;

TEST_CASE("messages are whole wherever the stream is cut", "[protocol]") {
  const std::string stream = "{\"id\":1}\0\0{\"a\":\"b\"}\0unfinished"s;
  for (std::size_t first = 0; first <= stream.size(); ++first)
    for (std::size_t second = first; second <= stream.size(); ++second) {
      NulMessages messages;
      Texts seen;
      const auto visit = [&](std::string_view text) { seen.emplace_back(text); };
      CHECK(messages.add(stream.substr(0, first), visit));
      CHECK(messages.add(stream.substr(first, second - first), visit));
      CHECK(messages.add(stream.substr(second), visit));
      REQUIRE(seen == Texts{"{\"id\":1}", "", "{\"a\":\"b\"}"});
      messages.add("\0"s, visit);
      REQUIRE(seen.back() == "unfinished");
    }
}

TEST_CASE("a message that is too long is dropped, and the next one is read", "[protocol]") {
  NulMessages messages;
  Texts seen;
  const auto visit = [&](std::string_view text) { seen.emplace_back(text); };
  const std::string longest(NulMessages::longest, 'x');
  CHECK(messages.add(longest + '\0', visit));
  CHECK(seen == Texts{longest});
  CHECK(messages.add(longest, visit));
  CHECK_FALSE(messages.add("x", visit));
  CHECK(messages.add("x", visit));  // said once
  CHECK(messages.add("tail\0next\0"s, visit));
  CHECK(seen == Texts{longest, "next"});
  CHECK_FALSE(messages.add("a\0"s + longest + "x\0b\0"s, visit));
  CHECK(seen == Texts{longest, "next", "a", "b"});
}
