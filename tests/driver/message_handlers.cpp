#include <webpool/driver/message_handlers.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "../catch.hpp"

using namespace webpool;
using driver::MessageHandlers;

namespace {

struct Rig {
  std::vector<std::string> lines;
  detail::Logger logger{LogLevel::info, [this](LogLevel, std::string_view line) { lines.emplace_back(line); }};
  MessageHandlers handlers{logger};
  BrowserInfo browser{.browser = Browser::firefox, .version = "1.0"};
  std::vector<NamedTensor> tensors;

  void send(std::string_view name, std::string_view body = "null") {
    handlers.deliver({ConnectionId{3}, browser, name, body, tensors});
  }
  Metrics counts() const {
    Metrics metrics;
    handlers.add_to(metrics);
    return metrics;
  }
};

}  // namespace

TEST_CASE("a message goes to the handler of its name") {
  Rig rig;
  std::string heard;
  rig.handlers.set("a", [&](const PageMessage& message) {
    heard += std::string(message.name) + std::string(message.body) + std::to_string(message.connection.value);
  });
  rig.handlers.set("b", [&](const PageMessage&) { heard += "b"; });
  rig.send("a", "[1]");
  rig.send("b");
  CHECK(heard == "a[1]3b");
  rig.handlers.set("b", [&](const PageMessage&) { heard += "c"; });
  rig.send("b");
  CHECK(heard == "a[1]3bc");
  CHECK(rig.counts().messages_received == 3);
  CHECK(rig.counts().messages_unheard + rig.counts().message_handler_errors == 0);
  CHECK(rig.lines.empty());
}

TEST_CASE("a message that nobody handles is counted, logged and dropped") {
  Rig rig;
  rig.handlers.set("a", [](const PageMessage&) {});
  rig.handlers.set("a", nullptr);
  rig.send("a");
  CHECK(rig.counts().messages_unheard == 1);
  CHECK(rig.lines == std::vector<std::string>{"firefox 1.0: message 'a' has no handler and is dropped"});
}

TEST_CASE("what a handler throws is counted and logged") {
  Rig rig;
  rig.handlers.set("a", [](const PageMessage&) { throw std::runtime_error("no coffee"); });
  rig.handlers.set("b", [](const PageMessage&) { throw 5; });
  rig.send("a");
  rig.send("b");
  CHECK(rig.counts().message_handler_errors == 2);
  CHECK(rig.lines == std::vector<std::string>{"firefox 1.0: the handler of message 'a' threw: no coffee",
                                              "firefox 1.0: the handler of message 'b' threw: something that is no "
                                              "std::exception"});
}

TEST_CASE("a handler may replace or remove itself") {
  Rig rig;
  int first = 0, second = 0;
  rig.handlers.set("a", [&](const PageMessage&) {
    rig.handlers.set("a", [&](const PageMessage&) { ++second; });
    ++first;
  });
  rig.send("a");
  rig.send("a");
  CHECK(first == 1);
  CHECK(second == 1);
}

TEST_CASE("a page that floods the pool with trouble does not flood its log") {
  Rig rig;
  for (int i = 0; i < 1000; ++i) rig.handlers.page_trouble(rig.browser, "/modules/a.js", "it broke");
  CHECK(rig.counts().page_troubles == 1000);
  REQUIRE(rig.lines.size() == 100);
  CHECK(rig.lines[0] == "firefox 1.0: /modules/a.js: it broke");
  CHECK(rig.lines[99] == "firefox 1.0: /modules/a.js: it broke (further troubles with messages are counted only)");
}
