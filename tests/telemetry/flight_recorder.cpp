#include <webpool/telemetry/flight_recorder.hpp>

#include <string>
#include <vector>

#include "../catch.hpp"

using namespace webpool;
using telemetry::FlightRecorder;
using Kind = FlightRecorder::Kind;

namespace {

std::vector<std::string> drained(FlightRecorder& recorder) {
  std::vector<std::string> texts;
  recorder.drain([&](const FlightRecorder::Entry& entry) { texts.emplace_back(entry.text()); });
  return texts;
}

}  // namespace

TEST_CASE("a flight recorder keeps the last entries in order, and gives them away once") {
  FlightRecorder recorder(ConnectionId{7}, 3);
  CHECK(recorder.tab() == ConnectionId{7});
  CHECK(recorder.empty());
  for (char letter = 'a'; letter <= 'e'; ++letter) recorder.record({}, Kind::event, std::string(1, letter));
  CHECK(drained(recorder) == std::vector<std::string>{"c", "d", "e"});
  CHECK(recorder.empty());
  CHECK(drained(recorder).empty());
  recorder.record({}, Kind::sent, "f");
  CHECK(drained(recorder) == std::vector<std::string>{"f"});
}

TEST_CASE("an entry says when, what and how much, and whether its text was longer") {
  FlightRecorder recorder(ConnectionId{1}, 4);
  const TimePoint now{std::chrono::seconds(5)};
  recorder.record(now, Kind::received, std::string(208, 'x'), 1'000'000);
  const FlightRecorder::Entry& longer = recorder.record(now, Kind::sent, std::string(209, 'y'), 12);
  CHECK(longer.cut);
  CHECK(longer.text() == std::string(208, 'y'));
  recorder.drain([&](const FlightRecorder::Entry& entry) {
    CHECK(entry.at == now);
    CHECK(entry.bytes == (entry.kind == Kind::received ? 1'000'000 : 12));
    CHECK(entry.cut == (entry.kind == Kind::sent));
    CHECK(entry.text().size() == 208);
  });
}

TEST_CASE("answered heartbeats leave room for the rest, one without an answer stays") {
  FlightRecorder recorder(ConnectionId{1}, 4);
  recorder.record({}, Kind::event, "joined");
  for (int i = 0; i < 10; ++i) {
    recorder.record({}, Kind::sent, "ping" + std::to_string(i), 0, FlightRecorder::Traffic::heartbeat);
    recorder.record({}, Kind::received, "pong" + std::to_string(i), 0, FlightRecorder::Traffic::heartbeat);
  }
  recorder.record({}, Kind::sent, "ping10", 0, FlightRecorder::Traffic::heartbeat);
  recorder.record({}, Kind::sent, "ping11", 0, FlightRecorder::Traffic::heartbeat);
  CHECK(drained(recorder) == std::vector<std::string>{"joined", "ping10", "ping11"});
  recorder.record({}, Kind::sent, "ping12", 0, FlightRecorder::Traffic::heartbeat);
  recorder.record({}, Kind::received, "pong12", 0, FlightRecorder::Traffic::heartbeat);
  recorder.record({}, Kind::sent, "run", 0);
  CHECK(drained(recorder) == std::vector<std::string>{"ping12", "pong12", "run"});
}
