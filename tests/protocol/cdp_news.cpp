#include <webpool/protocol/cdp_news.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::protocol;
using webpool::protocol::detail::HeaderParser;

namespace {

CdpNews read(std::string_view text) {
  HeaderParser parser;
  return std::move(read_cdp_news(parser, text).value());
}

}  // namespace

TEST_CASE("what Chromium says on its debugging pipe is read", "[protocol]") {
  const CdpNews created = read(
      R"({"method":"Target.targetCreated","params":{"targetInfo":{"targetId":"ACDE","type":"page","title":"","url":"http://127.0.0.1/","attached":false}}})");
  CHECK(created.id == 0);
  CHECK(created.method == "Target.targetCreated");
  CHECK(created.target == "ACDE");
  CHECK(created.type == "page");
  CHECK(created.error.empty());

  const CdpNews crashed =
      read(R"({"method":"Target.targetCrashed","params":{"targetId":"ACDE","status":"crashed","errorCode":5}})");
  CHECK(crashed.target == "ACDE");
  CHECK(crashed.status == "crashed");

  const CdpNews made = read(R"({"id":207,"result":{"targetId":"DF77"}})");
  CHECK(made.id == 207);
  CHECK(made.target == "DF77");
  CHECK(made.method.empty());
  CHECK(read(R"({"id":3,"result":{"sessionId":"7D13"}})").session == "7D13");
  CHECK(read(R"({"id":4,"error":{"code":-32000,"message":"Target crashed"},"sessionId":"7D13"})").error ==
        "Target crashed");
}

TEST_CASE("malformed news from a Chromium is an error that names the field", "[protocol]") {
  HeaderParser parser;
  for (const auto& [text, sentence] : {
           std::pair{"", "not JSON"},
           std::pair{"[]", "one JSON object"},
           std::pair{"{\"id\":", "JSON"},
           std::pair{"{}", "neither an answer nor an event"},
           std::pair{R"({"id":-1})", "message.id must be an integer"},
           std::pair{R"({"id":1,"error":{}})", "message.error.message is missing"},
           std::pair{R"({"method":5})", "message.method must be a string"},
           std::pair{R"({"method":"m","params":[]})", "message.params must be an object"},
           std::pair{R"({"method":"m","params":{"targetInfo":{"type":"page"}}})", "targetId is missing"},
       }) {
    CAPTURE(text);
    const Expected<CdpNews> news = read_cdp_news(parser, text);
    REQUIRE_FALSE(news);
    CHECK(news.error().code() == errc::malformed_frame);
    CAPTURE(news.error().message());
    CHECK(news.error().message().find(sentence) != std::string::npos);
  }
  CHECK(read_cdp_news(parser, R"({"id":1,"result":{}})").value().id == 1);  // the parser is as good as before
}
