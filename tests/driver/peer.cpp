#include <webpool/driver/peer.hpp>

#include <webpool/driver/roster.hpp>
#include <webpool/transport/loopback.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::driver;
using transport::Channel, transport::CloseCode, transport::Loopback;

namespace {

struct Wired {
  std::string log;
  const detail::Logger logger{LogLevel::debug, [this](LogLevel, std::string_view line) { (log += line) += '\n'; }};
  const FlightLog flights{logger, 8};
  std::optional<Peer> peer;
  const transport::LinkHandlers handlers{
      .opened = [this](std::shared_ptr<transport::Link> opened,
                       Channel channel) { peer.emplace(std::move(opened), channel, flights); },
      .received = {},
      .closed = {}};
  const std::shared_ptr<Loopback> link = Loopback::open(handlers, Channel::control);
};

}  // namespace

TEST_CASE("what is sent goes to the link, and to the record of its tab once it has one") {
  Wired wired;
  wired.peer->send(protocol::Ping{1});
  CHECK(wired.link->take());
  CHECK(wired.log.empty());
  CHECK_FALSE(wired.peer->introduced());
  Tab tab;
  wired.peer->introduce_as(tab, wired.flights.begin(ConnectionId{3}));
  CHECK(wired.peer->introduced());
  CHECK(wired.link->is_introduced());
  wired.peer->send(protocol::Ping{2});
  CHECK(wired.link->take()->find(R"({"type":"ping","id":2})") != std::string::npos);
  CHECK(wired.log.find(R"("sent":{"type":"ping","id":2})") != std::string::npos);
  wired.peer->note("it sneezed");
  CHECK(wired.log.find(R"("event":"it sneezed")") != std::string::npos);
}

TEST_CASE("a frame of the application's goes as it is, and its text stays out of the record") {
  Wired wired;
  Tab tab;
  wired.peer->introduce_as(tab, wired.flights.begin(ConnectionId{3}));
  wired.peer->send_frame("the frame");
  CHECK(wired.link->take() == "the frame");
  CHECK(wired.log.find(R"("sent":{"type":"message"})") != std::string::npos);
  CHECK(wired.log.find("the frame") == std::string::npos);
}

TEST_CASE("a peer is closed because it is no longer needed, or refused because it broke the protocol") {
  Wired wired;
  const bool refused = GENERATE(false, true);
  refused ? wired.peer->refuse("words") : wired.peer->close("words");
  REQUIRE(wired.link->closing());
  CHECK(wired.link->closing()->words == "words");
  CHECK(wired.link->closing()->code == (refused ? CloseCode::policy_violation : CloseCode::normal));
}

TEST_CASE("a message out of turn is told by its type") {
  CHECK(out_of_turn("pong").message() == "a 'pong' is out of turn here");
  CHECK(out_of_turn("pong").code() == errc::malformed_frame);
}
