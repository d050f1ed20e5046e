#include <webpool/browser/cdp_pipe.hpp>

#include "control_support.hpp"

using namespace webpool::browser;
using namespace std::chrono_literals;
using Texts = std::vector<std::string>;
using support::run_until;

namespace {

/// The other end of a debugging pipe.
class StandIn {
 public:
  StandIn() {
    std::tie(theirs_, ours_) = connected_pair();
    theirs_.set_nonblocking();
    ours_.set_nonblocking();
    pipe.emplace(context, std::move(theirs_), heard.handlers());
    CHECK(
        command() ==
        R"({"id":1,"method":"Target.setDiscoverTargets","params":{"discover":true,"filter":[{"type":"page"},{"exclude":true}]}})");
  }

  /// The next command to the browser; empty when there is none.
  std::string command() {
    std::string text;
    char byte = 0;
    for (run_until(
             context, [&] { return ::recv(ours_.get(), &byte, 1, MSG_PEEK) > 0; }, 100ms);
         ::recv(ours_.get(), &byte, 1, 0) == 1 && byte != '\0';)
      text += byte;
    return text;
  }

  void say(std::string_view json) {
    const std::string message = std::string(json) + '\0';
    REQUIRE(::send(ours_.get(), message.data(), message.size(), send_flags) == static_cast<ssize_t>(message.size()));
    context.restart();
    context.run_for(20ms);
  }
  void show_page(const std::string& target) {
    say(R"({"method":"Target.targetCreated","params":{"targetInfo":{"targetId":")" + target + R"(","type":"page"}}})");
  }
  void lose(const std::string& how, const std::string& target) {
    say(R"({"method":"Target.)" + how + R"(","params":{"targetId":")" + target + R"(","status":"oom"}})");
  }
  void end() {
    ours_.close();
    context.restart();
    context.run_for(50ms);
  }

  asio::io_context context;
  support::Heard heard;
  std::optional<CdpPipe> pipe;

 private:
  Descriptor theirs_, ours_;
};

}  // namespace

TEST_CASE("a Chromium's own page is watched, and no other") {
  StandIn browser;
  browser.lose("targetCrashed", "");  // before there is any
  browser.show_page("A");
  browser.show_page("B");
  browser.lose("targetCrashed", "B");
  browser.lose("targetDestroyed", "B");
  CHECK(browser.heard.gone.empty());
  browser.lose("targetCrashed", "A");
  CHECK(browser.heard.gone == Texts{"its page's process ended: oom"});
  CHECK(browser.heard.log.empty());
}

TEST_CASE("a page is lost once for each load") {
  StandIn browser;
  browser.show_page("A");
  browser.lose("targetDestroyed", "A");
  browser.lose("targetCrashed", "A");
  CHECK(browser.heard.gone == Texts{"its tab was closed"});
  browser.pipe->reload(browser.heard.note());
  browser.lose("targetCrashed", "A");  // as before, until the browser has been told to load it
  browser.say(R"({"id":2,"result":{"sessionId":"S"}})");
  browser.lose("targetCrashed", "A");
  browser.lose("targetDestroyed", "A");
  CHECK(browser.heard.gone.size() == 2);
  browser.pipe->new_tab("about:blank", browser.heard.note());
  browser.say(R"({"id":4,"result":{"targetId":"B"}})");
  browser.lose("targetDestroyed", "B");
  CHECK(browser.heard.gone.size() == 3);
}

TEST_CASE("a Chromium that was asked to close may lose its page") {
  StandIn browser;
  browser.show_page("A");
  CHECK(browser.pipe->close());
  CHECK(browser.command() == R"({"id":2,"method":"Browser.close","params":{}})");
  browser.lose("targetDestroyed", "A");
  CHECK(browser.heard.gone.empty());
}

TEST_CASE("a reload is attached to the page for its own time only") {
  StandIn browser;
  browser.show_page("A");
  browser.pipe->reload(browser.heard.note());
  CHECK(browser.command() == R"({"id":2,"method":"Target.attachToTarget","params":{"targetId":"A","flatten":true}})");
  browser.say(R"({"id":2,"result":{"sessionId":"S"}})");
  CHECK(browser.command() == R"({"id":3,"method":"Page.reload","params":{},"sessionId":"S"})");
  CHECK(browser.heard.done.empty());
  browser.say(R"({"id":3,"result":{},"sessionId":"S"})");
  CHECK(browser.command() == R"({"id":4,"method":"Target.detachFromTarget","params":{"sessionId":"S"}})");
  CHECK(browser.heard.done == Texts{""});
  browser.pipe->reload(browser.heard.note());
  browser.command();
  browser.say(R"({"id":5,"error":{"code":-32602,"message":"No target with given id found"}})");
  CHECK(browser.command().empty());
  CHECK(browser.heard.done == Texts{"", "the browser's control: No target with given id found"});
}

TEST_CASE("a new tab is opened before the old one goes, and watched from then on") {
  StandIn browser;
  browser.show_page("A");
  browser.pipe->new_tab("http://127.0.0.1/\"", browser.heard.note());
  CHECK(browser.command() == R"({"id":2,"method":"Target.createTarget","params":{"url":"http://127.0.0.1/\""}})");
  browser.show_page("B");
  browser.say(R"({"id":2,"result":{"targetId":"B"}})");
  CHECK(browser.command() == R"({"id":3,"method":"Target.closeTarget","params":{"targetId":"A"}})");
  CHECK(browser.heard.done == Texts{""});
  browser.lose("targetDestroyed", "A");
  CHECK(browser.heard.gone.empty());
  browser.lose("targetCrashed", "B");
  CHECK(browser.heard.gone.size() == 1);
}

TEST_CASE("malformed news is passed over with one line in the log") {
  StandIn browser;
  for (const char* nonsense : {"", "{", "[]", "{\"method\":7}", "{\"id\":99,\"result\":{}}"}) browser.say(nonsense);
  browser.show_page("A");
  browser.lose("targetCrashed", "A");
  CHECK(browser.heard.gone.size() == 1);
  REQUIRE(browser.heard.log.size() == 1);
  CHECK(browser.heard.log[0].starts_with("ignored a message on a browser's debugging pipe: "));
}

TEST_CASE("whatever a Chromium did not answer ends with its pipe") {
  StandIn browser;
  browser.show_page("A");
  browser.pipe->reload(browser.heard.note());
  browser.pipe->new_tab("about:blank", browser.heard.note());
  browser.end();
  const std::string gone = "the browser's control: the debugging pipe is closed";
  CHECK(browser.heard.done == Texts{gone, gone});
  CHECK_FALSE(browser.pipe->close());
  browser.pipe->reload(browser.heard.note());
  CHECK(browser.heard.done.size() == 2);  // not inside the call
  CHECK(run_until(browser.context, [&] { return browser.heard.done.size() == 3; }));
  CHECK(browser.heard.gone.empty());
}

TEST_CASE("a Chromium that does not read is one that can't be asked") {
  StandIn browser;
  const std::string url(10'000, 'x');
  for (int i = 0; i < 1'000 && browser.heard.done.empty(); ++i) {
    browser.pipe->new_tab(url, browser.heard.note());
    browser.context.restart();
    browser.context.poll();
  }
  CHECK_FALSE(browser.heard.done.empty());
  CHECK_FALSE(browser.pipe->close());
}

TEST_CASE("a pipe that is destroyed calls nobody") {
  StandIn browser;
  browser.show_page("A");
  browser.pipe->reload(browser.heard.note());
  browser.end();
  browser.heard = {};
  browser.pipe->reload(browser.heard.note());
  browser.pipe.reset();
  browser.context.restart();
  browser.context.run_for(50ms);
  CHECK(browser.context.stopped());
  CHECK(browser.heard.done.empty());
}
