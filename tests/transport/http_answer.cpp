#include <webpool/transport/http_answer.hpp>

#include "../support/pool.hpp"

using namespace webpool::testing;
using webpool::transport::ByteRange;
using webpool::transport::HttpAnswer;
using webpool::transport::requested_range;

namespace {

const auto text = std::make_shared<const std::string>("text");

std::string http_head(const HttpAnswer& answer) { return webpool::transport::http_head(answer, {0, answer.size()}); }

/// "first to end", or why not.
std::string asked(std::string_view header) {
  const auto range = requested_range(header, 100);
  if (!range) return "nothing";
  return (range->partial ? "" : "all: ") + std::to_string(range->first) + " to " + std::to_string(range->end);
}

}  // namespace

TEST_CASE("an answer's head tells its body's length and that nothing follows") {
  const std::string head = http_head({200, "text/plain", text});
  CHECK_THAT(head, contains("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nAccept-Ranges: "
                            "bytes\r\nConnection: close\r\n"));
  CHECK_THAT(head, contains("\r\nCache-Control: no-cache\r\n"));
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK_THAT(webpool::transport::http_head({200, "text/plain", text}, {1, 3, true}),
             contains("HTTP/1.1 206 Partial Content\r\n") &&
                 contains("\r\nContent-Length: 2\r\nContent-Range: bytes 1-2/4\r\n"));
  CHECK_THAT(http_head({404, "text/plain", text}), contains("HTTP/1.1 404 Not Found\r\n"));
  CHECK_THAT(http_head({.body = text, .immutable = true}), contains("public, max-age=31536000, immutable\r\n"));
}

TEST_CASE("a range of bytes is what the request's header asks for, as far as that is understood") {
  CHECK(asked("") == "all: 0 to 100");
  CHECK(asked("bytes=0-") == "0 to 100");
  CHECK(asked("bytes=40-") == "40 to 100");
  CHECK(asked("bytes=40-49") == "40 to 50");
  CHECK(asked("bytes=40-40") == "40 to 41");
  CHECK(asked("bytes=40-1000") == "40 to 100");
  CHECK(asked("bytes=99-") == "99 to 100");
  CHECK(asked("bytes=100-") == "nothing");
  CHECK(asked("bytes=18446744073709551615-18446744073709551615") == "nothing");
  for (const char* other : {"bytes=-5", "bytes=5", "bytes=5-4", "bytes=1-2,5-6", "bytes=a-b", "bytes=", "lines=1-2",
                            "bytes=99999999999999999999-", "bytes=1-99999999999999999999", "bytes= 1-2"})
    CHECK(asked(other) == "all: 0 to 100");
}

TEST_CASE("only what is told to may make functions from text, and connect elsewhere") {
  CHECK_THAT(http_head({.body = text}),
             contains("script-src 'self' 'wasm-unsafe-eval';") && contains("connect-src 'self';"));
  CHECK_THAT(http_head({.body = text, .may_evaluate = true}), contains("'wasm-unsafe-eval' 'unsafe-eval';"));
  CHECK_THAT(http_head({.body = text, .connect_to = {"https://a.example", "https://b.example"}}),
             contains("connect-src 'self' https://a.example https://b.example;"));
}
