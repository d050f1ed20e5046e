#include <webpool/engine/recycling.hpp>

#include <set>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

std::optional<std::string> why(const ConnectionState& tab, const ConnectionSettings& limits, double slowdown = 1) {
  ConnectionRow row;
  row.slowdown = slowdown;
  return why_recycle(row, tab, limits, TimePoint(1000s));
}

/// One launched tab that holds the model, and room for one more.
struct Worn : Rig<> {
  Worn() : Rig(options()) {
    index = engine.add_model(model("m"), {now, out});
    launch = take<Launch>().at(0).launch;
    tab = join(launch);
    load_all();
    out.clear();
  }
  static PoolOptions options() {
    PoolOptions options = launching();
    options.connection.maximum_requests = 1;
    options.max_connections = 2;
    return options;
  }
  void serve_one() {
    submit(index);
    finish(take<Run>().at(0));
    take<Complete>();
  }

  ModelIndex index;
  LaunchId launch;
  ConnectionId tab;
};

}  // namespace

TEST_CASE("a tab is worn by age, use, memory or slowness, and by none of them when there is no limit") {
  const ConnectionState old{
      .browser = {}, .joined = TimePoint(1s), .memory_bytes = 300u << 20, .completed = 900, .failed = 100};
  CHECK_FALSE(why(old, {}));
  CHECK(why(old, {.maximum_age = 999s}) == "it is 999 s old");
  CHECK_FALSE(why(old, {.maximum_age = 1200s}));
  CHECK(why(old, {.maximum_requests = 1000}) == "it has served 1000 requests");
  CHECK_FALSE(why(old, {.maximum_requests = 1001}));
  CHECK(why(old, {.maximum_memory_bytes = 299u << 20}) == "it holds 300 MiB");
  CHECK_FALSE(why(old, {.maximum_memory_bytes = 300u << 20}));
  CHECK(why(old, {.maximum_slowdown = 1.5}, 2) == "its runs take 2.00 times as long as at first");
  CHECK_FALSE(why(old, {.maximum_slowdown = 1.5}, 1.4));
}

TEST_CASE("tabs that came together don't go together") {
  std::set<std::chrono::nanoseconds> limits;
  for (int i = 0; i < 100; ++i) limits.insert(age_limit(100s, TimePoint(1s) + std::chrono::milliseconds(i)));
  CHECK(limits.size() > 50);
  CHECK(*limits.begin() > 90s - 1ms);
  CHECK(*limits.rbegin() <= 100s);
}

TEST_CASE("a worn tab goes when another one holds its models, and its requests are answered") {
  Worn pool;
  pool.serve_one();
  pool.submit(pool.index);
  const Run last = pool.take<Run>().at(0);
  pool.tick(100ms);
  const auto launches = pool.take<Launch>();
  REQUIRE(launches.size() == 1);
  CHECK(pool.take<CloseConnection>().empty());

  const ConnectionId fresh = pool.join(launches[0].launch);
  pool.tick(100ms);
  const auto opened = pool.take<OpenWorker>();
  REQUIRE(opened.size() == 1);
  CHECK(opened[0].connection == fresh);
  CHECK(pool.take<CloseConnection>().empty());  // the old one still serves

  pool.engine.loaded(opened[0].worker, Backend::webgpu, 0, {pool.now, pool.out});
  pool.tick(100ms);
  pool.submit(pool.index);
  CHECK(pool.take<Run>().at(0).worker == opened[0].worker);
  CHECK(pool.take<CloseConnection>().empty());  // it has a request to answer
  pool.finish(last);
  CHECK(pool.take<Complete>().size() == 1);
  const auto closed = pool.take<CloseConnection>();
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].connection == pool.tab);
  CHECK(closed[0].message == "the tab is renewed: it has served 1 requests");
}

TEST_CASE("a worn tab stays while its replacement can't be started") {
  Worn pool;
  pool.serve_one();
  pool.tick(100ms);
  for (int i = 0; i < 10; ++i) {
    for (const Launch& each : pool.take<Launch>())
      pool.engine.exited(each.launch, Error(errc::launch_failed, "died"), {pool.now, pool.out});
    pool.tick(1s);
    pool.engine.heard(pool.tab);
  }
  CHECK(pool.take<CloseConnection>().empty());
  pool.serve_one();
}
