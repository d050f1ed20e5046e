#include <webpool/protocol/bidi_news.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::protocol;
using webpool::protocol::detail::HeaderParser;

namespace {

BidiNews read(std::string_view text) {
  HeaderParser parser;
  return std::move(read_bidi_news(parser, text).value());
}

}  // namespace

TEST_CASE("what Firefox says over WebDriver BiDi is read", "[protocol]") {
  const BidiNews created = read(
      R"({"type":"event","method":"script.realmCreated","params":{"realm":"009e","origin":"http://127.0.0.1:43747","context":"e836","type":"window"}})");
  CHECK(created.id == 0);
  CHECK(created.method == "script.realmCreated");
  CHECK(created.realm == "009e");
  CHECK(created.origin == "http://127.0.0.1:43747");
  CHECK(created.context == "e836");
  CHECK(created.type == "window");

  CHECK(read(R"({"type":"success","id":410,"result":{"context":"38f3"}})").context == "38f3");
  const BidiNews refused =
      read(R"({"type":"error","id":2,"error":"session not created","message":"Maximum reached","stacktrace":""})");
  CHECK(refused.id == 2);
  CHECK(refused.error == "session not created: Maximum reached");
  CHECK(read(R"({"type":"error","id":null,"error":"invalid argument","message":"no id"})").error ==
        "invalid argument: no id");
}

TEST_CASE("malformed news from a Firefox is an error that names the field", "[protocol]") {
  HeaderParser parser;
  for (const auto& [text, sentence] : {
           std::pair{"{", "JSON"},
           std::pair{"{}", "neither an answer nor an event"},
           std::pair{R"({"id":"1"})", "message.id must be an integer"},
           std::pair{R"({"id":1,"error":"e"})", "message.message is missing"},
           std::pair{R"({"method":"m","params":{"realm":1}})", "realm must be a string"},
           std::pair{R"({"id":1,"result":7})", "message.result must be an object"},
       }) {
    CAPTURE(text);
    const Expected<BidiNews> news = read_bidi_news(parser, text);
    REQUIRE_FALSE(news);
    CHECK(news.error().code() == errc::malformed_frame);
    CAPTURE(news.error().message());
    CHECK(news.error().message().find(sentence) != std::string::npos);
  }
}

TEST_CASE("Firefox's port is read once it is written completely", "[protocol]") {
  const std::string text = R"({"ws_host":"127.0.0.1","ws_port":41485})";
  const BidiAddress address = read_bidi_address(text).value();
  CHECK(address.host == "127.0.0.1");
  CHECK(address.port == 41485);
  for (std::size_t size = 0; size < text.size(); ++size) CHECK_FALSE(read_bidi_address(text.substr(0, size)));
  CHECK_FALSE(read_bidi_address(R"({"ws_host":"127.0.0.1","ws_port":65536})"));
}
