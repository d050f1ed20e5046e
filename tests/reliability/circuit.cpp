#include <webpool/reliability/circuit.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using reliability::Circuit;
using reliability::CircuitSettings;

namespace {

/// A circuit with a manual clock.
struct Bench {
  CircuitSettings settings{};
  Circuit circuit{};
  TimePoint now{1000s};

  constexpr bool allows() const { return circuit.allows(now, settings); }
  constexpr Circuit::State state() const { return circuit.state(now); }
  constexpr void send() { circuit.sent(now, settings); }
  constexpr void end(bool ok, std::chrono::nanoseconds service = 1ms) {
    circuit.ended(ok, now - service, service, now, settings);
  }
  constexpr void end_many(int times, bool ok) {
    for (int i = 0; i < times; ++i) end(ok);
  }
  /// Opens and waits until trials are let through.
  constexpr void half_open(std::chrono::seconds wait = 1s) {
    end_many(5, false);
    now += wait;
  }
  constexpr void trial(bool ok) {
    send();
    now += 1ms;
    end(ok);
  }
};

}  // namespace

TEST_CASE("a circuit opens at failures in a row, and one success in between starts the count again") {
  Bench bench;
  bench.end_many(4, false);
  bench.end(true);
  bench.end_many(4, false);
  CHECK(bench.allows());
  bench.end(false);
  CHECK(bench.state() == Circuit::State::open);
  CHECK_FALSE(bench.allows());
}

TEST_CASE("a circuit opens when half of the last runs failed, in whatever order") {
  Bench bench;
  for (int i = 0; i < 4; ++i) {
    bench.end(false);
    bench.end(true);
  }
  CHECK(bench.allows());  // eight runs are too few to say
  bench.end(true);
  bench.end(false);
  CHECK_FALSE(bench.allows());
}

TEST_CASE("failures of long ago are forgotten") {
  Bench bench;
  bench.settings.consecutive = 0;
  bench.settings.sample = 20;
  bench.end_many(9, false);
  bench.end_many(20, true);
  bench.end_many(9, false);
  CHECK(bench.allows());
  bench.end(false);
  CHECK_FALSE(bench.allows());
}

TEST_CASE("slow runs count as failures when asked") {
  Bench bench;
  bench.settings.slow = 100ms;
  for (int i = 0; i < 4; ++i) bench.end(true, 100ms);
  CHECK(bench.allows());
  bench.end(true, 100ms);
  CHECK_FALSE(bench.allows());
}

TEST_CASE("a half-open circuit lets a few trials through, and their success closes it") {
  Bench bench;
  bench.half_open();
  CHECK(bench.state() == Circuit::State::half_open);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(bench.allows());
    bench.send();
  }
  CHECK_FALSE(bench.allows());
  bench.now += 1ms;
  bench.end(true);
  CHECK(bench.allows());  // its slot is free again
  bench.end(true);
  CHECK(bench.state() == Circuit::State::half_open);
  bench.end(true);
  CHECK(bench.state() == Circuit::State::closed);
}

TEST_CASE("a failed trial opens the circuit for twice as long, up to a limit") {
  Bench bench;
  bench.half_open();
  for (const auto wait : {2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    bench.trial(false);
    bench.now += wait - 1ms;
    CHECK_FALSE(bench.allows());
    bench.now += 1ms;
    CHECK(bench.allows());
  }
}

TEST_CASE("a long good time lets the ejections start over") {
  Bench bench;
  bench.half_open();
  bench.trial(false);
  bench.now += 2s;
  for (int i = 0; i < 3; ++i) bench.trial(true);
  REQUIRE(bench.state() == Circuit::State::closed);
  bench.now += 60s;
  bench.half_open(1s);
  CHECK(bench.state() == Circuit::State::half_open);
}

TEST_CASE("a trial that never ends gives its slot back") {
  Bench bench;
  bench.settings.trials = 1;
  bench.half_open();
  bench.send();
  bench.now += 9s;
  CHECK_FALSE(bench.allows());
  bench.now += 1s;
  CHECK(bench.allows());
}

TEST_CASE("runs from before the circuit opened say nothing about whether it has recovered") {
  Bench bench;
  bench.half_open();
  for (int i = 0; i < 10; ++i) bench.circuit.ended(true, bench.now - 5s, 1ms, bench.now, bench.settings);
  CHECK(bench.state() == Circuit::State::half_open);
  bench.circuit.ended(false, bench.now - 5s, 1ms, bench.now, bench.settings);
  CHECK(bench.state() == Circuit::State::half_open);
}

static_assert([] {
  Bench bench;
  bench.half_open();
  for (int i = 0; i < 3; ++i) bench.trial(true);
  return bench.allows();
}());
