#include <webpool/protocol/remote_command.hpp>

#include "../catch.hpp"

using webpool::protocol::RemoteCommand;

TEST_CASE("a command to a browser is one JSON object", "[protocol]") {
  CHECK(RemoteCommand(1, "Browser.close").text() == R"({"id":1,"method":"Browser.close","params":{}})");
  CHECK(RemoteCommand(2, "a").with("url", "http://x/\"").with_json("flatten", "true").text("S1") ==
        R"({"id":2,"method":"a","params":{"url":"http://x/\"","flatten":true},"sessionId":"S1"})");
  CHECK(RemoteCommand(3, "b").with_json("events", "[]").with("c", "{").with("d", "e").text() ==
        R"({"id":3,"method":"b","params":{"events":[],"c":"{","d":"e"}})");
}
