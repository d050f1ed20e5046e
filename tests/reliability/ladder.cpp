#include <webpool/reliability/ladder.hpp>

#include "../catch.hpp"

using namespace webpool::reliability;
using namespace std::chrono_literals;

namespace {
constexpr Rungs all{true, true, true, true, true};
constexpr Rungs only_browsers{false, false, false, true, true};
}  // namespace

TEST_CASE("without experience the cheapest rung comes first, and each further one when that did not help") {
  const Ladder ladder;
  std::optional<Rung> rung;
  for (const Rung expected :
       {Rung::restart_worker, Rung::reload_page, Rung::new_tab, Rung::restart_browser, Rung::other_browser}) {
    rung = ladder.next(Trouble::device_lost, rung, all);
    REQUIRE(rung.has_value());
    CHECK(to_string(*rung) == to_string(expected));
  }
  CHECK_FALSE(ladder.next(Trouble::device_lost, rung, all));
}

TEST_CASE("rungs that can't be climbed are passed over") {
  const Ladder ladder;
  CHECK(ladder.next(Trouble::silent, std::nullopt, only_browsers) == Rung::restart_browser);
  CHECK_FALSE(ladder.next(Trouble::silent, std::nullopt, Rungs{}));
}

TEST_CASE("a rung that never helps against a trouble is not tried first any more, but against others it is") {
  Ladder ladder;
  for (int i = 0; i < 20; ++i) ladder.learn(Trouble::timed_out, Rung::restart_worker, false, 0s);
  CHECK(ladder.next(Trouble::timed_out, std::nullopt, all) == Rung::reload_page);
  CHECK(ladder.next(Trouble::device_lost, std::nullopt, all) == Rung::restart_worker);
  for (int i = 0; i < 20; ++i) ladder.learn(Trouble::timed_out, Rung::reload_page, false, 0s);
  for (int i = 0; i < 20; ++i) ladder.learn(Trouble::timed_out, Rung::new_tab, false, 0s);
  CHECK(ladder.next(Trouble::timed_out, std::nullopt, all) == Rung::restart_browser);
}

TEST_CASE("a rung that works but takes long gives way to a quicker one above it") {
  Ladder ladder;
  for (int i = 0; i < 20; ++i) ladder.learn(Trouble::runs_fail, Rung::restart_worker, true, 30s);
  for (int i = 0; i < 20; ++i) ladder.learn(Trouble::runs_fail, Rung::reload_page, true, 1s);
  CHECK(ladder.next(Trouble::runs_fail, std::nullopt, all) == Rung::reload_page);
}

TEST_CASE("what came of a rung can be read") {
  Ladder ladder;
  ladder.learn(Trouble::silent, Rung::restart_browser, true, 2s);
  ladder.learn(Trouble::silent, Rung::restart_browser, true, 4s);
  ladder.learn(Trouble::silent, Rung::restart_browser, false, 60s);
  const RungRecord& record = ladder.record(Trouble::silent, Rung::restart_browser);
  CHECK(record.tried == 3);
  CHECK(record.worked == 2);
  CHECK(record.seconds == Approx(3));
}

static_assert(Ladder().next(Trouble::worker_died, std::nullopt, all) == Rung::restart_worker);
