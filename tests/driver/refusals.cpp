#include <webpool/driver/refusals.hpp>

#include <webpool/transport/loopback.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::driver;
using transport::Channel, transport::CloseCode, transport::Loopback;

namespace {

struct Gate {
  std::shared_ptr<Loopback> open() { return Loopback::open(handlers, Channel::control); }
  Peer& peer(const std::shared_ptr<Loopback>& link) { return *roster.find(*link); }

  std::string log;
  const detail::Logger logger{LogLevel::info, [this](LogLevel, std::string_view line) { (log += line) += '\n'; }};
  const FlightLog flights{logger, 8};
  Roster roster{flights};
  Refusals refusals{roster, logger};
  const transport::LinkHandlers handlers{
      .opened = [this](std::shared_ptr<transport::Link> link,
                       Channel channel) { roster.add(std::move(link), channel); },
      .received = {},
      .closed = [this](transport::Link& link, const std::string&) { roster.drop(*roster.find(link)); }};
};

}  // namespace

TEST_CASE("refusals are told one by one, first come, first served") {
  Gate gate;
  const auto one = gate.open(), other = gate.open();
  gate.refusals.add(gate.peer(one), "no such thing");
  gate.refusals.add_tab(gate.peer(other), protocol::Refusal::wrong_token, "that is no token");
  CHECK_FALSE(one->closing());
  gate.refusals.answer_next();
  REQUIRE(one->closing());
  CHECK(one->closing()->code == CloseCode::policy_violation);
  CHECK(one->closing()->words == "no such thing");
  CHECK(one->buffered() == 0);
  CHECK_FALSE(other->closing());
  gate.refusals.answer_next();
  CHECK(other->take()->find(R"({"type":"refused","code":"wrong_token","message":"that is no token"})") !=
        std::string::npos);
  CHECK(other->closing()->words == "that is no token");
  CHECK(gate.log == "refused a message: no such thing\nrefused a tab: that is no token\n");
  gate.refusals.answer_next();
}

TEST_CASE("who has gone meanwhile takes nobody's turn") {
  Gate gate;
  auto closed = gate.open(), destroyed = gate.open();
  const auto there = gate.open();
  for (const auto& link : {closed, destroyed, there}) gate.refusals.add(gate.peer(link), "no");
  closed->hang_up();
  destroyed->hang_up();
  destroyed.reset();
  gate.refusals.answer_next();
  CHECK_FALSE(closed->closing());
  CHECK(there->closing());
  CHECK(gate.log == "refused a message: no\n");
}
