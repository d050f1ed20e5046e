#include <webpool/browser/bidi_session.hpp>

#include <set>

#include "control_support.hpp"

using namespace webpool::browser;
using namespace std::chrono_literals;
using Texts = std::vector<std::string>;
using support::run_until;

namespace {

using Server = webpool::transport::WebsocketppServer<webpool::transport::WebsocketppConfig>;

/// A Firefox that listens for WebDriver BiDi, in one thread with what it is to test.
class StandIn {
 public:
  StandIn() {
    server_.init_asio(&context);
    server_.set_open_handler(
        [this](const websocketpp::connection_hdl& handle) { socket_ = server_.get_con_from_hdl(handle); });
    server_.set_message_handler([this](const websocketpp::connection_hdl&, const Server::message_ptr& message) {
      commands_.push_back(message->get_payload());
    });
    websocketpp::lib::error_code failed;
    server_.listen(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0), failed);
    REQUIRE_FALSE(failed);
    server_.start_accept();
    session.emplace(context, folder_.path(), heard.handlers());
  }

  void name_port(const std::string& host = "127.0.0.1") {
    websocketpp::lib::error_code failed;
    std::ofstream(folder_.path() / "WebDriverBiDiServer.json")
        << R"({"ws_host":")" << host << R"(","ws_port":)" << server_.get_local_endpoint(failed).port() << '}';
  }

  /// The next command to the browser; empty when there is none.
  std::string command(std::chrono::milliseconds limit = 30s) {
    if (!run_until(
            context, [this] { return !commands_.empty(); }, limit))
      return {};
    const std::string first = commands_.front();
    commands_.erase(commands_.begin());
    return first;
  }

  void say(const std::string& json) {
    socket_->send(json, websocketpp::frame::opcode::text);
    context.restart();
    context.run_for(50ms);
  }
  void answer(int id) { say(R"({"type":"success","id":)" + std::to_string(id) + R"(,"result":{}})"); }

  void show(const std::string& realm, const std::string& tab, const std::string& from, const char* type = "window") {
    say(R"({"method":"script.realmCreated","params":{"realm":")" + realm + R"(","context":")" + tab +
        R"(","origin":")" + from + R"(","type":")" + type + R"("}})");
  }
  void lose(const std::string& realm) {
    say(R"({"method":"script.realmDestroyed","params":{"realm":")" + realm + R"("}})");
  }

  /// Up to a session with the pool's page in it.
  void begin() {
    name_port();
    CHECK(command() == R"({"id":1,"method":"session.new","params":{"capabilities":{}}})");
    answer(1);
    CHECK(
        command() ==
        R"({"id":2,"method":"session.subscribe","params":{"events":["script.realmCreated","script.realmDestroyed"]}})");
    show("blank", "T", "null");
    show("worker", "T", origin, "dedicated-worker");
    show("page", "T", origin);
    answer(2);
    lose("blank");
    show("frame", "F", origin);
    lose("frame");
    CHECK(heard.gone.empty());
  }

  void hang_up() {
    websocketpp::lib::error_code ignored;
    socket_->close(websocketpp::close::status::normal, "", ignored);
  }

  const std::string origin = "http://127.0.0.1:4711";
  asio::io_context context;
  support::Heard heard;
  std::optional<BidiSession> session;

 private:
  Folder folder_ = std::move(Folder::make().value());
  Server server_;
  Server::connection_ptr socket_;
  Texts commands_;
};

}  // namespace

TEST_CASE("a Firefox whose page ends says so, once") {
  StandIn firefox;
  firefox.begin();
  firefox.lose("page");
  CHECK(firefox.heard.gone.size() == 1);
  firefox.show("crashed", "T", "null");
  firefox.lose("crashed");
  firefox.lose("page");
  CHECK(firefox.heard.gone.size() == 1);
  CHECK(firefox.heard.log.empty());
}

TEST_CASE("a reload of a Firefox's page is no loss, the next end is") {
  StandIn firefox;
  firefox.begin();
  firefox.session->reload(firefox.heard.note());
  CHECK(firefox.command() == R"({"id":3,"method":"browsingContext.reload","params":{"context":"T","wait":"none"}})");
  firefox.lose("page");
  firefox.show("again", "T", firefox.origin);
  firefox.answer(3);
  CHECK(firefox.heard.gone.empty());
  CHECK(firefox.heard.done == Texts{""});
  firefox.lose("again");
  CHECK(firefox.heard.gone.size() == 1);
}

TEST_CASE("a reload that Firefox refuses changes nothing") {
  StandIn firefox;
  firefox.begin();
  firefox.session->reload(firefox.heard.note());
  firefox.command();
  firefox.say(R"({"type":"error","id":3,"error":"no such frame","message":"T"})");
  CHECK(firefox.heard.done == Texts{"the browser's control: no such frame: T"});
  firefox.lose("page");
  CHECK(firefox.heard.gone.size() == 1);
}

TEST_CASE("a Firefox's new tab takes the place of the old one") {
  StandIn firefox;
  firefox.begin();
  firefox.session->new_tab("http://127.0.0.1/\"", firefox.heard.note());
  CHECK(firefox.command() == R"({"id":3,"method":"browsingContext.create","params":{"type":"tab"}})");
  firefox.say(R"({"type":"success","id":3,"result":{"context":"U"}})");
  CHECK(
      firefox.command() ==
      R"({"id":4,"method":"browsingContext.navigate","params":{"context":"U","url":"http://127.0.0.1/\"","wait":"none"}})");
  CHECK(firefox.command() == R"({"id":5,"method":"browsingContext.close","params":{"context":"T"}})");
  CHECK(firefox.heard.done.empty());
  firefox.answer(4);
  CHECK(firefox.heard.done == Texts{""});
  firefox.lose("page");
  CHECK(firefox.heard.gone.empty());
  firefox.show("new", "U", firefox.origin);
  firefox.lose("new");
  CHECK(firefox.heard.gone.size() == 1);
}

TEST_CASE("a Firefox is asked to close once there is a session") {
  StandIn firefox;
  CHECK_FALSE(firefox.session->close());
  firefox.session->reload(firefox.heard.note());
  CHECK(run_until(firefox.context, [&] { return !firefox.heard.done.empty(); }));
  CHECK(firefox.heard.done == Texts{"the browser's control: there is no session with Firefox"});
  firefox.begin();
  CHECK(firefox.session->close());
  CHECK(firefox.command() == R"({"id":3,"method":"browser.close","params":{}})");
  firefox.lose("page");
  CHECK(firefox.heard.gone.empty());
  firefox.context.stop();
  CHECK_FALSE(firefox.session->close());  // nobody would send it
}

TEST_CASE("a Firefox without a session goes on without control, and the log says why") {
  StandIn firefox;
  SECTION("another program has the session") {
    firefox.name_port();
    firefox.command();
    firefox.say(R"({"type":"error","id":1,"error":"session not created","message":"Maximum reached"})");
    CHECK(firefox.heard.log == Texts{"can't control Firefox: session not created: Maximum reached"});
  }
  SECTION("it listens to others than this machine") {
    firefox.name_port("0.0.0.0");
    CHECK(run_until(firefox.context, [&] { return !firefox.heard.log.empty(); }));
    CHECK(firefox.heard.log == Texts{"can't control Firefox: it listens on '0.0.0.0', not only on this machine"});
  }
  SECTION("the socket closes") {
    firefox.begin();
    firefox.session->reload(firefox.heard.note());
    firefox.command();
    firefox.hang_up();
    CHECK(run_until(firefox.context, [&] { return !firefox.heard.log.empty(); }));
    CHECK(firefox.heard.done.size() == 1);
  }
  CHECK_FALSE(firefox.session->close());
  CHECK(firefox.heard.log.size() == 1);
  CHECK(firefox.heard.gone.empty());
}

TEST_CASE("malformed news from a Firefox is passed over with one line in the log") {
  StandIn firefox;
  firefox.begin();
  for (const char* nonsense : {"", "{", "[]", "{\"method\":7}"}) firefox.say(nonsense);
  REQUIRE(firefox.heard.log.size() == 1);
  CHECK(firefox.heard.log[0].starts_with("ignored a message from Firefox: "));
  firefox.lose("page");
  CHECK(firefox.heard.gone.size() == 1);
}

TEST_CASE("a session that is destroyed at any moment calls nobody") {
  for (int steps = 0; steps < 12; ++steps) {
    StandIn firefox;
    firefox.name_port();
    for (int i = 0; i < steps; ++i) firefox.context.run_one_for(20ms);
    firefox.session->reload(firefox.heard.note());
    firefox.session.reset();
    firefox.heard = {};
    firefox.context.restart();
    firefox.context.run_for(60ms);
    CHECK(firefox.heard.done.size() <= 1);  // the refusal was on its way already
    CHECK(firefox.heard.log.empty());
  }
}
