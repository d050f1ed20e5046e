#include <webpool/engine/rechecks.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

PoolOptions checking(double share = 1, unsigned proven_after = 2) {
  PoolOptions options = launching();
  options.guests.recheck_share = share;
  options.guests.proven_after = proven_after;
  options.retries.attempts = 3;
  return options;
}

/// The newest of the tabs, so the guest, where several can take a request.
struct Newest {
  std::optional<ConnectionIndex> select(PoolView pool, const Request&) noexcept {
    return std::ranges::max(pool.candidates(), {}, &ConnectionIndex::value);
  }
};

/// An own tab and a guest that serve one model; requests go to the guest first.
struct Pair : Rig<Newest> {
  explicit Pair(PoolOptions options = checking(), std::size_t guests = 1) : Rig(std::move(options)) {
    index = engine.add_model(model("m", {}, guests + 1), {now, out});
    launch = take<Launch>().at(0).launch;
    own = join(launch);
    for (std::size_t i = 0; i < guests; ++i) guest = join(Browser::firefox);
    for (const OpenWorker& each : load_all()) (each.connection == own ? own_worker : guest_worker) = each.worker;
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
  bool answer(const Run& run, double draw = 0) {
    return engine.finished({run.worker, run.request, nullptr, true, {.draw = draw}}, {now, out});
  }
  bool differ(const Run& run) {
    const Error error(errc::run_failed, "7 instead of 0.5");
    return engine.finished({run.worker, run.request, nullptr, true, {.disagreement = &error}}, {now, out});
  }
  /// The run in the own tab of a request that the guest has answered.
  Run held_run(Retry retry = Retry::always, std::optional<Duration> deadline = std::nullopt) {
    submit_with(retry, deadline);
    const Run first = run();
    REQUIRE(first.worker == guest_worker);
    REQUIRE(answer(first));
    REQUIRE(take<HoldResult>().size() == 1);
    REQUIRE(take<Complete>().empty());
    const Run second = run();
    REQUIRE(second.worker == own_worker);
    REQUIRE(second.request == first.request);
    return second;
  }
  Complete end() {
    auto ends = take<Complete>();
    REQUIRE(ends.size() == 1);
    return ends[0];
  }
  ConnectionInfo info(ConnectionId id) {
    for (const ConnectionInfo& each : engine.connections())
      if (each.id == id) return each;
    return {};
  }

  ModelIndex index;
  LaunchId launch;
  ConnectionId own, guest;
  WorkerId own_worker, guest_worker;
};

}  // namespace

TEST_CASE("newcomers are checked always, then one result in as many as have agreed, and never less than the share") {
  const Rechecks rechecks({.recheck_share = 0.02, .proven_after = 10});
  CHECK(rechecks.share(0) == 1);
  CHECK(rechecks.share(9) == 1);
  CHECK(rechecks.share(10) == Approx(0.1));
  CHECK(rechecks.share(40) == Approx(0.025));
  CHECK(rechecks.share(1'000'000) == 0.02);
  CHECK_FALSE(rechecks.proves(9));
  CHECK(rechecks.proves(10));
  CHECK(Rechecks({.recheck_share = 1, .proven_after = 0}).share(0) >= 1);
}

TEST_CASE("without a share nothing is checked") {
  CHECK(Rechecks({}).share(0) == 0);
  Pair pool(checking(0));
  pool.submit(pool.index);
  REQUIRE(pool.answer(pool.run()));
  CHECK_FALSE(pool.end().held);
  CHECK(pool.info(pool.guest).trust == Trust::guest);
  CHECK(pool.engine.metrics().unchecked == 0);
}

TEST_CASE("a guest's result waits until an own tab has computed it again, and goes out when both agree") {
  Pair pool;
  const Run second = pool.held_run();
  REQUIRE(pool.answer(second));
  const Complete end = pool.end();
  CHECK_FALSE(end.error);
  CHECK(end.held);
  const Metrics sums = pool.engine.metrics();
  CHECK(sums.completed == 1);
  CHECK(sums.rechecked == 1);
  CHECK(sums.disagreements + sums.unchecked + sums.retries == 0);
  CHECK(pool.info(pool.guest).completed == 1);
  CHECK(pool.info(pool.own).completed == 1);
  CHECK(pool.info(pool.guest).agreements == 1);
}

TEST_CASE("only the tab whose result was delivered has the request in its latencies") {
  Pair pool;
  const bool differs = GENERATE(false, true);
  const Run second = pool.held_run();
  differs ? pool.differ(second) : pool.answer(second);
  std::uint64_t guests = 0, owns = 0;
  for (const ExecutionStats& each : pool.engine.execution_stats())
    (each.browser == Browser::firefox ? guests : owns) += each.completed;
  CHECK(guests == (differs ? 0u : 1u));
  CHECK(owns == (differs ? 1u : 0u));
}

TEST_CASE("a guest that has agreed often enough is proven, and only some of its results are checked") {
  Pair pool(checking(0.1, 2));
  CHECK(pool.info(pool.own).trust == Trust::own);
  for (int i = 0; i < 2; ++i) {
    CHECK(pool.info(pool.guest).trust == Trust::guest);
    pool.answer(pool.held_run());
    pool.end();
  }
  CHECK(pool.info(pool.guest).trust == Trust::proven);
  pool.submit(pool.index);
  REQUIRE(pool.answer(pool.run(), 0.5));  // one in two is checked now
  CHECK_FALSE(pool.end().held);
  pool.submit(pool.index);
  REQUIRE(pool.answer(pool.run(), 0.49));
  CHECK(pool.take<HoldResult>().size() == 1);
}

TEST_CASE("a guest that differs is closed, and the caller gets the own tab's result") {
  Pair pool;
  REQUIRE(pool.differ(pool.held_run()));
  const Complete end = pool.end();
  CHECK_FALSE(end.error);
  CHECK_FALSE(end.held);
  const auto closed = pool.take<CloseConnection>();
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].connection == pool.guest);
  CHECK(closed[0].message == "7 instead of 0.5");
  const Metrics sums = pool.engine.metrics();
  CHECK(sums.rechecked == 1);
  CHECK(sums.disagreements == 1);
  CHECK(sums.completed == 1);
  CHECK(sums.connections == 1);
}

TEST_CASE("what a guest that differed gave before counts for nothing either") {
  Pair pool;
  pool.submit(pool.index);
  pool.submit(pool.index);
  auto first = pool.take<Run>();
  REQUIRE(first.size() == 2);
  for (const Run& each : first) REQUIRE(pool.answer(each));
  const auto again = pool.take<Run>();
  REQUIRE(again.size() == 2);
  REQUIRE(pool.differ(again[0]));
  CHECK_FALSE(pool.end().held);
  SECTION("the own tab's result is delivered") {
    REQUIRE(pool.answer(again[1]));
    CHECK_FALSE(pool.end().held);
    CHECK(pool.engine.metrics().rechecked == 1);
  }
  SECTION("and when its run fails, the request is tried again") {
    REQUIRE(pool.fail(again[1]));
    CHECK(pool.take<Complete>().empty());
    std::vector<Run> third;
    for (int i = 0; i < 10 && third.empty(); ++i) {
      pool.tick(100ms);
      third = pool.take<Run>();
    }
    REQUIRE(third.size() == 1);
    REQUIRE(pool.answer(third[0]));
    CHECK_FALSE(pool.end().held);
    CHECK(pool.engine.metrics().unchecked == 0);
  }
}

TEST_CASE(
    "results that wait for an own tab with room are computed again by whom comes next when their guest differed") {
  PoolOptions options = checking();
  options.connection.requests_in_flight = 1;
  Pair pool(std::move(options));
  pool.submit(pool.index);
  REQUIRE(pool.answer(pool.run()));
  const Run busy = pool.run();
  pool.submit(pool.index);
  REQUIRE(pool.answer(pool.run()));  // held: the own tab has no room
  CHECK(pool.take<Run>().empty());
  CHECK(pool.engine.metrics().queued == 1);
  REQUIRE(pool.differ(busy));
  CHECK_FALSE(pool.end().held);
  const Run rest = pool.run();
  CHECK(rest.worker == pool.own_worker);
  REQUIRE(pool.answer(rest));
  CHECK_FALSE(pool.end().held);
}

TEST_CASE("when the second run fails, the caller gets the first result, unchecked") {
  Pair pool;
  const Run second = pool.held_run();
  SECTION("with an error") { pool.fail(second); }
  SECTION("because the tab is lost") {
    pool.engine.left(pool.own, Error(errc::connection_lost, "gone"), {pool.now, pool.out});
  }
  SECTION("because its worker is") {
    pool.engine.worker_lost(pool.own_worker, Error(errc::device_lost, "gone"), {pool.now, pool.out});
  }
  SECTION("because it takes too long") { pool.tick(61s); }
  const Complete end = pool.end();
  CHECK_FALSE(end.error);
  CHECK(end.held);
  CHECK(pool.engine.metrics().unchecked == 1);
  CHECK(pool.engine.metrics().rechecked == 0);
}

TEST_CASE("results that wait for an own tab go out unchecked when none holds the model any more") {
  PoolOptions options = checking();
  options.connection.requests_in_flight = 1;
  Pair pool(std::move(options));
  pool.submit(pool.index);
  REQUIRE(pool.answer(pool.run()));
  pool.run();
  pool.submit(pool.index);
  REQUIRE(pool.answer(pool.run()));
  pool.engine.left(pool.own, Error(errc::connection_lost, "gone"), {pool.now, pool.out});
  const auto ends = pool.take<Complete>();
  REQUIRE(ends.size() == 2);
  for (const Complete& each : ends) CHECK((each.held && !each.error));
  CHECK(pool.engine.metrics().unchecked == 2);
}

TEST_CASE("a result that can't be checked goes out at once, and is counted") {
  SECTION("its run must not be repeated") {
    Pair pool;
    pool.submit_with(GENERATE(Retry::never, Retry::if_not_started));
    REQUIRE(pool.answer(pool.run()));
    CHECK_FALSE(pool.end().held);
    CHECK(pool.engine.metrics().unchecked == 1);
  }
  SECTION("no own tab holds the model") {
    Rig<> rig(checking());
    rig.join();
    const ModelIndex index = rig.engine.add_model(model("m"), {rig.now, rig.out});
    rig.load_all();
    rig.submit(index);
    const Run run = rig.take<Run>().at(0);
    REQUIRE(rig.engine.finished({run.worker, run.request, nullptr, true, {.draw = 0}}, {rig.now, rig.out}));
    CHECK(rig.take<HoldResult>().empty());
    CHECK(rig.take<Complete>().size() == 1);
    CHECK(rig.engine.metrics().unchecked == 1);
  }
}

TEST_CASE("cancellation, deadline, release and the pool's end work while a result is computed again") {
  Pair pool;
  const Run second = pool.held_run(Retry::always, 5s);
  SECTION("cancelled") {
    pool.engine.cancel(second.request, {pool.now, pool.out});
    CHECK(pool.take<CancelRun>().size() == 1);
    CHECK(code(pool.end().error) == errc::cancelled);
  }
  SECTION("too late") {
    pool.tick(6s);
    CHECK(pool.take<CancelRun>().size() == 1);
    const Complete end = pool.end();
    CHECK(code(end.error) == errc::deadline_exceeded);
    CHECK(says(end.error, "computed again"));
  }
  SECTION("released") {
    pool.engine.remove_model(pool.index, {pool.now, pool.out});
    CHECK(code(pool.end().error) == errc::model_released);
  }
  SECTION("closed") {
    pool.engine.close({pool.now, pool.out});
    CHECK(code(pool.end().error) == errc::pool_closed);
  }
  CHECK_FALSE(pool.answer(second));
  CHECK(pool.take<Complete>().empty());
  CHECK(pool.engine.metrics().rechecked == 0);
}

TEST_CASE("cancellation and deadline work while a result waits for an own tab") {
  PoolOptions options = checking();
  options.connection.requests_in_flight = 1;
  Pair pool(std::move(options));
  pool.submit(pool.index);
  REQUIRE(pool.answer(pool.run()));
  pool.run();
  const RequestId waits = pool.submit(pool.index, 5s);
  REQUIRE(pool.answer(pool.run()));
  const bool cancelled = GENERATE(true, false);
  cancelled ? pool.engine.cancel(waits, {pool.now, pool.out}) : pool.tick(6s);
  const Complete end = pool.end();
  CHECK(end.request == waits);
  CHECK(code(end.error) == (cancelled ? errc::cancelled : errc::deadline_exceeded));
  CHECK(pool.take<CancelRun>().empty());
}

TEST_CASE("where guests are checked, an own tab gets the model before they do, or besides them") {
  SECTION("it is there first") {
    Rig<Newest> rig(checking());
    rig.engine.start({rig.now, rig.out});
    const ModelIndex other = rig.engine.add_model(model("other"), {rig.now, rig.out});
    const ConnectionId own = rig.join(rig.take<Launch>().at(0).launch);
    rig.load_all();
    rig.join();
    rig.engine.remove_model(other, {rig.now, rig.out});
    rig.engine.add_model(model("m"), {rig.now, rig.out});
    CHECK(rig.take<OpenWorker>().at(0).connection == own);
  }
  SECTION("it comes later") {
    Rig<Newest> rig(checking());
    const ConnectionId guest = rig.join();
    rig.engine.add_model(model("m"), {rig.now, rig.out});
    CHECK(rig.load_all().at(0).connection == guest);
    rig.tick();
    const ConnectionId own = rig.join(rig.take<Launch>().at(0).launch);
    CHECK(rig.load_all().at(0).connection == own);
  }
}

TEST_CASE("where guests are checked, there is always room for an own tab, and one is kept") {
  PoolOptions options = checking();
  options.max_connections = 3;
  options.connection.idle_timeout = 1s;
  Rig<Newest> rig(std::move(options));
  rig.join();
  rig.join();
  CHECK_FALSE(rig.engine.joined(browser(Browser::firefox), std::nullopt, {rig.now, rig.out}));
  rig.tick();
  const auto launched = rig.take<Launch>();
  REQUIRE(launched.size() == 1);
  rig.join(launched[0].launch);
  for (int i = 0; i < 30; ++i) {
    for (const ConnectionInfo& each : rig.engine.connections()) rig.engine.heard(each.id);
    rig.tick(1s);
  }
  CHECK(rig.take<CloseConnection>().empty());
  rig.engine.exited(launched[0].launch, Error(errc::launch_failed, "gone"), {rig.now, rig.out});
  rig.tick(1s);
  CHECK(rig.take<Launch>().size() == 1);
}

TEST_CASE("a model for own tabs only is never loaded into a guest") {
  PoolOptions options = launching();
  Rig<> rig(options);
  ModelSpec spec = model("secret", {}, 2);
  spec.own_tabs_only = true;
  rig.join();
  rig.engine.add_model(spec, {rig.now, rig.out});
  rig.join();
  CHECK(rig.take<OpenWorker>().empty());
  const ConnectionId own = rig.join(rig.take<Launch>().at(0).launch);
  const auto opened = rig.load_all();
  REQUIRE(opened.size() == 1);
  CHECK(opened[0].connection == own);
}

TEST_CASE("a model for own tabs only can't be loaded where there will be none, and the sentence says why") {
  Rig<> rig(attached());
  rig.join();
  ModelSpec spec = model("secret");
  spec.own_tabs_only = true;
  rig.engine.add_model(spec, {rig.now, rig.out});
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(code(ready[0].error) == errc::no_browser_found);
  CHECK(says(ready[0].error, "model 'secret' wants any browser, launched by the pool (own_tabs_only)"));
}
