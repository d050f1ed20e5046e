#include <webpool/driver/message_handlers.hpp>

#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;
using driver::MessageHandlers;

namespace {

struct Rig {
  std::vector<std::string> lines;
  webpool::detail::Logger logger{LogLevel::info, [this](LogLevel, std::string_view line) { lines.emplace_back(line); }};
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
                                              "firefox 1.0: the handler of message 'b' threw: something that is not a "
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

// --- between a pool and its tabs

namespace {

std::string message(const std::string& name, const std::string& body, const std::string& tensors = "[]") {
  return R"({"type":"message","name":")" + name + R"(","body":)" + body + R"(,"tensors":)" + tensors + "}";
}

/// A pool that remembers what it logs, with one tab.
struct Hall {
  explicit Hall(PoolOptions options = quiet()) : pool(with_log(std::move(options))), tab(pool.join_url()) {}

  PoolOptions with_log(PoolOptions options) {
    options.log = [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex);
      log += std::string(line) + '\n';
    };
    return options;
  }
  bool logged(const std::string& part) {
    return within(patience, [&] {
      const std::lock_guard lock(mutex);
      return log.find(part) != log.npos;
    });
  }

  std::mutex mutex;
  std::string log;
  ResourcePool<> pool;
  RawTab tab;
};

}  // namespace

TEST_CASE("a message reaches its handler with its sender, body and tensors, and the answer its tab") {
  Hall hall;
  struct Heard {
    ConnectionId connection;
    BrowserInfo browser;
    std::string body;
    std::vector<NamedTensor> tensors;
    bool answered;
  };
  std::promise<Heard> heard;
  hall.pool.on_message("greet", [&](const PageMessage& got) {  // on the pool's thread
    const bool answered = hall.pool.send_message(got.connection, "answer", R"(["well", 1])", got.tensors);
    heard.set_value({got.connection, got.browser, std::string(got.body), got.tensors, answered});
  });
  const float values[2] = {1.5F, -2};
  hall.tab.socket.send(
      frame(message("greet", R"({"text":"hi"})",
                    R"([{"name":"x","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}])"),
            {{reinterpret_cast<const char*>(values), sizeof values}}));
  const Received answer = next(hall.tab.socket, "message");
  CHECK(answer.header.starts_with(R"({"type":"message","name":"answer","body":["well", 1],"tensors":[{"name":"x",)"));
  CHECK(answer.tensors == std::string_view(reinterpret_cast<const char*>(values), sizeof values));
  const auto [sender, browser, body, tensors, answered] = heard.get_future().get();
  CHECK(sender.value == hall.tab.connection);
  CHECK(browser.browser == Browser::firefox);
  CHECK(body == R"({"text":"hi"})");
  CHECK(answered);
  REQUIRE(tensors.size() == 1);
  CHECK(tensors[0].tensor.as<float>()[1] == -2);
  CHECK(hall.pool.metrics().messages_received == 1);
  CHECK(hall.pool.metrics().messages_unheard == 0);
}

TEST_CASE("handlers that throw and messages without one leave the tab and the pool as they are") {
  Hall hall;
  hall.pool.on_message("bad", [](const PageMessage&) { throw std::runtime_error("no coffee"); });
  hall.pool.on_message("worse", [&](const PageMessage&) { hall.pool.close(); });
  for (const char* name : {"bad", "worse", "stranger"}) hall.tab.socket.send(frame(message(name, "1")));
  hall.tab.socket.send(frame(R"({"type":"trouble","source":"/modules/a.js","message":"it broke"})"));
  CHECK(hall.logged("the handler of message 'bad' threw: no coffee"));
  CHECK(hall.logged("the handler of message 'worse' threw: a pool can't be closed on its own thread"));
  CHECK(hall.logged("message 'stranger' has no handler and is dropped"));
  CHECK(hall.logged("/modules/a.js: it broke"));
  const Metrics metrics = hall.pool.metrics();
  CHECK(metrics.messages_received == 3);
  CHECK(metrics.message_handler_errors == 2);
  CHECK(metrics.messages_unheard == 1);
  CHECK(metrics.page_troubles == 1);
  CHECK(metrics.connections == 1);
  CHECK(hall.pool.send_message(ConnectionId{hall.tab.connection}, "still", "\"here\""));
  CHECK(next(hall.tab.socket, "message").text("body") == "here");
}

TEST_CASE("a message that is malformed or comes before hello closes its socket, never the pool") {
  Hall hall;
  hall.pool.on_message("greet", [](const PageMessage&) { FAIL("it was malformed"); });
  const std::string name_too_long(1025, 'n');
  const auto [text, words] =
      GENERATE_REF(std::pair<std::string, std::string>{message("greet", "{nope}"), "not JSON"},
                   std::pair<std::string, std::string>{message("", "1"), "message.name"},
                   std::pair<std::string, std::string>{message(name_too_long, "1"), "1024 bytes"},
                   std::pair<std::string, std::string>{message("greet", "1", "{}"), "tensors"});
  hall.tab.socket.send(frame(text));
  const auto closing = hall.tab.socket.receive_close();
  REQUIRE(closing);
  CHECK_THAT(closing->close_reason(), contains(words));

  WebSocket stranger(hall.tab.port, "/control");
  stranger.send(frame(message("greet", "1")));
  const auto refused = stranger.receive_close();
  REQUIRE(refused);
  CHECK_THAT(refused->close_reason(), contains("a 'message' is out of turn here"));
  CHECK(RawTab(hall.pool.join_url()).connection > 0);
}

TEST_CASE("what the wire can't carry is refused to the caller") {
  Hall hall;
  const ConnectionId to{hall.tab.connection};
  const auto refusal = [&](std::string_view name, std::string_view body) {
    const Error error = error_of([&] { hall.pool.send_message(to, name, body); });
    CHECK(error.code() == errc::invalid_message);
    return error.message();
  };
  CHECK_THAT(refusal("greet", "{\"a\":}"), contains("message 'greet' can't be sent: its body is not JSON: "));
  CHECK_THAT(refusal("", "1"), contains("its name is empty"));
  CHECK(error_of([&] { hall.pool.broadcast_message("a", "nope"); }).code() == errc::invalid_message);
  CHECK(error_of([&] { hall.pool.on_message("", [](const PageMessage&) {}); }).code() == errc::invalid_message);
}

TEST_CASE("a message goes to one tab or to all, and says how many there were") {
  Hall hall;
  RawTab other(hall.pool.join_url());
  CHECK(hall.pool.send_message(ConnectionId{other.connection}, "one", "1"));
  CHECK(next(other.socket, "message").text("name") == "one");
  CHECK(hall.pool.broadcast_message("all", "2") == 2);
  CHECK(next(hall.tab.socket, "message").text("name") == "all");
  CHECK(next(other.socket, "message").text("name") == "all");
  CHECK_FALSE(hall.pool.send_message(ConnectionId{999'999}, "nobody", "3"));
  hall.pool.close();
  CHECK_FALSE(hall.pool.send_message(ConnectionId{other.connection}, "late", "4"));
  CHECK(hall.pool.broadcast_message("late", "4") == 0);
}
