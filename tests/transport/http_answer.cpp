#include <webpool/transport/http_answer.hpp>

#include "../support/pool.hpp"

using namespace webpool::testing;
using webpool::transport::http_head;
using webpool::transport::HttpAnswer;

namespace {

const auto text = std::make_shared<const std::string>("text");

}  // namespace

TEST_CASE("an answer's head tells its body's length and that nothing follows") {
  const std::string head = http_head({200, "text/plain", text});
  CHECK_THAT(head,
             contains("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nConnection: close\r\n"));
  CHECK_THAT(head, contains("\r\nCache-Control: no-cache\r\n"));
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK_THAT(http_head({404, "text/plain", text}), contains("HTTP/1.1 404 Not Found\r\n"));
  CHECK_THAT(http_head({.body = text, .immutable = true}), contains("public, max-age=31536000, immutable\r\n"));
}

TEST_CASE("only what is told to may make functions from text, and connect elsewhere") {
  CHECK_THAT(http_head({.body = text}),
             contains("script-src 'self' 'wasm-unsafe-eval';") && contains("connect-src 'self';"));
  CHECK_THAT(http_head({.body = text, .may_evaluate = true}), contains("'wasm-unsafe-eval' 'unsafe-eval';"));
  CHECK_THAT(http_head({.body = text, .connect_to = {"https://a.example", "https://b.example"}}),
             contains("connect-src 'self' https://a.example https://b.example;"));
}
