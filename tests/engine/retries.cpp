#include <webpool/engine/retries.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

PoolOptions retrying(unsigned attempts = 3) {
  PoolOptions options = attached();
  options.retries.attempts = attempts;
  return options;
}

/// Two tabs that serve one model.
struct TwoTabs : Rig<> {
  explicit TwoTabs(PoolOptions options = retrying()) : Rig(std::move(options)) {
    first = join();
    second = join();
    index = engine.add_model(model("m", {}, 2), {now, out});
    load_all();
    out.clear();
  }

  RequestId submit_with(Retry retry, std::optional<Duration> deadline = std::nullopt) {
    Request request{.model = index};
    if (deadline) request.deadline = now + *deadline;
    return engine.submit(request, {now, out}, {retry});
  }
  Run run() {
    auto runs = take<Run>();
    REQUIRE(runs.size() == 1);
    return runs[0];
  }
  bool fail(const Run& run, errc code, bool started = true) {
    const Error error(code, "as told");
    return engine.finished({run.worker, run.request, &error, started}, {now, out});
  }

  ConnectionId first, second;
  ModelIndex index;
};

}  // namespace

TEST_CASE("a request whose run fails is run again in another tab, at once") {
  TwoTabs pool;
  const RequestId request = pool.submit_with(Retry::always);
  const Run before = pool.run();
  REQUIRE(pool.fail(before, errc::run_failed));
  const Run after = pool.run();
  CHECK(after.request == request);
  CHECK(after.worker != before.worker);
  CHECK(pool.take<Complete>().empty());
  REQUIRE(pool.finish(after));
  const auto ends = pool.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK_FALSE(ends[0].error);
  const Metrics sums = pool.engine.metrics();
  CHECK(sums.retries == 1);
  CHECK(sums.completed == 1);
  CHECK(sums.failed == 0);
}

TEST_CASE("a request whose tab goes away is run again in another one") {
  TwoTabs pool;
  const RequestId request = pool.submit_with(Retry::always);
  pool.run();
  pool.engine.left(pool.first, Error(errc::connection_lost, "gone"), {pool.now, pool.out});
  CHECK(pool.run().request == request);
  CHECK(pool.take<Complete>().empty());
}

TEST_CASE("a request ends with its last error after as many runs as allowed, and says so") {
  TwoTabs pool;
  pool.submit_with(Retry::always);
  pool.fail(pool.run(), errc::run_failed);
  pool.fail(pool.run(), errc::run_failed);  // the third run waits
  for (int i = 0;
       i < 3 && !std::ranges::any_of(pool.out, [](const Action& each) { return std::holds_alternative<Run>(each); });
       ++i)
    pool.tick(100ms);
  pool.fail(pool.run(), errc::run_failed);
  const auto ends = pool.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(code(ends[0].error) == errc::run_failed);
  CHECK(says(ends[0].error, "run 3 of this request"));
}

TEST_CASE("what may be retried is for the request to say") {
  struct Case {
    Retry retry;
    bool started, again;
  };
  const auto [retry, started, again] =
      GENERATE(Case{Retry::never, false, false}, Case{Retry::if_not_started, true, false},
               Case{Retry::if_not_started, false, true}, Case{Retry::always, true, true});
  TwoTabs pool;
  pool.submit_with(retry);
  pool.fail(pool.run(), errc::device_lost, started);
  CHECK(pool.take<Run>().size() == (again ? 1 : 0));
  CHECK(pool.take<Complete>().size() == (again ? 0 : 1));
}

TEST_CASE("a tab that vanishes may have run its requests") {
  TwoTabs pool;
  pool.submit_with(Retry::if_not_started);
  pool.run();
  pool.engine.left(pool.first, Error(errc::connection_lost, "gone"), {pool.now, pool.out});
  CHECK(code(pool.take<Complete>().at(0).error) == errc::connection_lost);
}

TEST_CASE("errors of the request itself are not tried again") {
  TwoTabs pool;
  const errc its_own = GENERATE(errc::bad_input, errc::wrong_shape, errc::cancelled);
  pool.submit_with(Retry::always);
  pool.fail(pool.run(), its_own);
  CHECK(code(pool.take<Complete>().at(0).error) == its_own);
}

TEST_CASE("a retry waits for another tab to have room rather than go where it failed") {
  PoolOptions options = retrying();
  options.connection.requests_in_flight = 1;
  TwoTabs pool(options);
  pool.submit_with(Retry::always);
  const Run broken = pool.run();
  pool.submit_with(Retry::always);
  const Run slow = pool.run();
  pool.fail(broken, errc::run_failed);
  CHECK(pool.take<Run>().empty());
  const RequestId later = pool.submit_with(Retry::always);
  const Run passed = pool.run();  // nobody else waits for it
  CHECK(passed.request == later);
  pool.finish(slow);
  pool.tick(100ms);
  CHECK(pool.run().worker == slow.worker);
}

TEST_CASE("the only tab there is gets its failed requests again") {
  Rig<> pool(retrying());
  pool.join();
  const ModelIndex index = pool.engine.add_model(model("m"), {pool.now, pool.out});
  pool.load_all();
  pool.submit(index);
  pool.fail(pool.take<Run>().at(0));
  CHECK(pool.take<Run>().size() == 1);
}

TEST_CASE("a run that follows a failed one in the same tab has the whole message time-out") {
  PoolOptions options = retrying();
  options.connection.message_timeout = 10s;
  Rig<> pool(options);
  const ConnectionId tab = pool.join();
  const ModelIndex index = pool.engine.add_model(model("m"), {pool.now, pool.out});
  pool.load_all();
  const auto later = [&](Duration time) {
    pool.tick(time);
    pool.engine.heard(tab);
  };
  pool.submit(index);
  later(9s);
  pool.fail(pool.take<Run>().at(0));
  REQUIRE(pool.take<Run>().size() == 1);
  later(2s);
  CHECK(pool.take<CloseWorker>().empty());
  later(9s);
  CHECK(pool.take<CloseWorker>().size() == 1);
}

TEST_CASE("a request that waits to be tried again can be cancelled, run out of time, and ends with the pool") {
  TwoTabs pool;
  const RequestId request = pool.submit_with(Retry::always, 10s);
  pool.fail(pool.run(), errc::run_failed);
  pool.fail(pool.run(), errc::run_failed);
  REQUIRE(pool.take<Complete>().empty());
  REQUIRE(pool.engine.metrics().queued == 1);
  SECTION("cancelled") {
    pool.engine.cancel(request, {pool.now, pool.out});
    CHECK(pool.take<CancelRun>().empty());
    CHECK(code(pool.take<Complete>().at(0).error) == errc::cancelled);
  }
  SECTION("released with its model") {
    pool.engine.remove_model(pool.index, {pool.now, pool.out});
    CHECK(code(pool.take<Complete>().at(0).error) == errc::model_released);
  }
  SECTION("closed") {
    pool.engine.close({pool.now, pool.out});
    CHECK(code(pool.take<Complete>().at(0).error) == errc::pool_closed);
  }
  pool.tick(10s);
  CHECK(pool.take<Run>().empty());
}

TEST_CASE("a retry that would come after the deadline is not waited for") {
  Retries retries(RetrySettings{.base = 60s, .maximum = 60s});
  RequestRow row{.request = {}, .runs = 2};
  row.request.deadline = TimePoint(1s);
  CHECK_FALSE(retries.plan(row, Error(errc::run_failed, ""), true, TimePoint(1s)));
}

TEST_CASE("the waits are spread out, grow, and have a limit") {
  Retries retries(RetrySettings{.attempts = 200, .base = 100ms, .maximum = 1000ms, .burst = 100'000});
  RequestRow row{.request = {}};
  const auto longest = [&](std::uint8_t runs) {
    row.runs = runs;
    Duration most{0};
    for (int i = 0; i < 300; ++i)
      most = std::max(most, *retries.plan(row, Error(errc::run_failed, ""), true, TimePoint{}) - TimePoint{});
    return most;
  };
  CHECK(longest(1) == 0ms);
  CHECK(longest(2) > 50ms);
  CHECK(longest(2) <= 100ms);
  CHECK(longest(3) > 100ms);
  CHECK(longest(3) <= 200ms);
  CHECK(longest(100) > 500ms);
  CHECK(longest(100) <= 1000ms);
}

TEST_CASE("a pool in which everything fails doesn't double its own load") {
  Retries retries(RetrySettings{.budget = 0.25, .burst = 8});
  RequestRow row{.request = {}, .runs = 1};
  std::size_t allowed = 0;
  for (int i = 0; i < 1000; ++i) {
    retries.earn();
    allowed += retries.plan(row, Error(errc::run_failed, ""), true, TimePoint{}).has_value();
  }
  CHECK(allowed >= 250);
  CHECK(allowed <= 259);
}

TEST_CASE("a request is not run again once there was news of its run, whatever it allows; before that it is") {
  for (const bool told : {false, true}) {
    TwoTabs pool;
    pool.submit_with(Retry::always);
    const Run run = pool.run();
    if (told) CHECK(pool.engine.progressed(run.worker, run.request, pool.now));
    pool.engine.worker_lost(run.worker, Error(errc::connection_lost, "gone"), {pool.now, pool.out});
    CHECK(pool.take<Run>().size() == (told ? 0 : 1));
    const auto ends = pool.take<Complete>();
    CHECK(ends.size() == (told ? 1 : 0));
    if (told) CHECK(code(ends[0].error) == errc::connection_lost);
  }
}
