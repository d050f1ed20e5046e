#include <webpool/run_sink.hpp>

#include <stdexcept>
#include <thread>

#include "support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// Writes down what it is told. Read it when the pool is closed.
struct Notes final : RunSink {
  void ran(const RunRecord& run) override {
    ++ended;
    runs.push_back({.model = std::string(run.model),
                    .backend = std::string(run.where ? to_string(run.where->backend) : ""),
                    .total = run.times.total,
                    .rows = run.rows,
                    .runs = run.runs,
                    .error = run.error ? std::optional(*run.error) : std::nullopt});
    thread = std::this_thread::get_id();
  }
  void loaded(const LoadRecord& load) override {
    loads.push_back(std::string(load.model) + (load.error ? " failed: " + load.error->message() : " loaded"));
  }
  void joined(const JoinRecord& join) override { joins.push_back(join.connection); }
  void lost(const LossRecord& loss) override { losses.emplace_back(loss.reason); }
  void repaired(const RepairRecord& repair) override { rungs.push_back(repair.rung); }
  void scaled(const ScalingRecord& step) override { scalings.push_back(step.wanted); }

  struct Run {
    std::string model;
    std::string backend;
    double total;
    std::size_t rows;
    unsigned runs;
    std::optional<Error> error;
  };
  std::vector<Run> runs;
  std::vector<std::string> loads, losses;
  std::vector<ConnectionId> joins;
  std::vector<reliability::Rung> rungs;
  std::vector<std::size_t> scalings;
  std::thread::id thread;
  std::atomic<unsigned> ended = 0;
};

struct Throwing final : RunSink {
  void ran(const RunRecord&) override { throw std::runtime_error("disk full"); }
  void joined(const JoinRecord&) override { throw 7; }
};

PoolOptions listening(std::vector<std::shared_ptr<RunSink>> sinks) {
  PoolOptions options = quiet();
  options.sinks = std::move(sinks);
  return options;
}

}  // namespace

TEST_CASE("sinks are told of each join, load, run and loss, with model, place, times and error") {
  const auto notes = std::make_shared<Notes>(), second = std::make_shared<Notes>();
  {
    Stage stage(listening({notes, second}));
    auto good = std::async(std::launch::async, [&] { return (*stage.model)(pictures({1, 2})); });
    stage.worker->answer(stage.run());
    good.get();
    auto bad = std::async(std::launch::async, [&] { return error_of([&] { (*stage.model)(picture()); }); });
    stage.worker->fail(stage.run().integer("id"), "run_failed", "no memory");
    bad.get();
    stage.pool.close();
  }
  REQUIRE(notes->runs.size() == 2);
  CHECK(notes->runs[0].model == "digits");
  CHECK_FALSE(notes->runs[0].backend.empty());
  CHECK(notes->runs[0].total > 0);
  CHECK(notes->runs[0].rows == 2);
  CHECK(notes->runs[0].runs == 1);
  CHECK_FALSE(notes->runs[0].error);
  REQUIRE(notes->runs[1].error);
  CHECK(notes->runs[1].error->code() == errc::run_failed);
  CHECK(notes->runs[1].backend == notes->runs[0].backend);
  CHECK(notes->joins.size() == 1);
  CHECK(notes->loads == std::vector<std::string>{"digits loaded"});
  CHECK(notes->losses == std::vector<std::string>{"the pool is closing"});
  CHECK(notes->thread != std::this_thread::get_id());
  CHECK(second->runs.size() == 2);
}

TEST_CASE("a request that no tab ever had is told without a place, and one that is tried again with its runs") {
  const auto notes = std::make_shared<Notes>();
  PoolOptions options = listening({notes});
  options.retries.attempts = 3;
  {
    Stage stage(std::move(options));
    auto twice = std::async(std::launch::async, [&] { return (*stage.model)(picture(4)); });
    stage.worker->fail(stage.run().integer("id"), "run_failed", "once");
    stage.worker->answer(stage.run());
    twice.get();
    stage.pool.close();
    CHECK(error_of([&] { (*stage.model)(picture()); }).code() == errc::pool_closed);
  }
  REQUIRE(notes->runs.size() == 1);  // after close a sink is told nothing
  CHECK(notes->runs[0].runs == 2);
  CHECK_FALSE(notes->runs[0].error);
}

TEST_CASE("sinks are told why a model could not be loaded") {
  const auto notes = std::make_shared<Notes>();
  {
    ResourcePool pool(listening({notes}));
    RawTab tab(pool.join_url());
    auto loading = pool.async_load(digits(), {}, asio::use_future);
    RawWorker worker = tab.worker();
    worker.fail(worker.id, "no_backend", "no adapter");
    error_of([&] { loading.get(); });
  }
  REQUIRE(notes->loads.size() == 1);
  CHECK_THAT(notes->loads[0], contains("no adapter"));
}

TEST_CASE("sinks are told of repairs") {
  const auto notes = std::make_shared<Notes>();
  {
    Stage stage(listening({notes}));
    stage.worker->socket.drop();
    CHECK(within(patience, [&] { return stage.pool.metrics().workers == 1 && stage.tab.socket.has_news(5ms); }));
  }
  CHECK_FALSE(notes->rungs.empty());
}

TEST_CASE("sinks are told when a tab leaves by itself") {
  const auto notes = std::make_shared<Notes>();
  PoolOptions options = listening({notes});
  {
    Stage stage(std::move(options));
    stage.tab.socket.drop();
    CHECK(within(patience, [&] { return stage.pool.metrics().connections == 0; }));
  }
  CHECK(notes->losses.size() == 1);
}

TEST_CASE("what a sink throws is logged, and neither the request nor other sinks are the worse for it") {
  const auto notes = std::make_shared<Notes>();
  PoolOptions options = listening({std::make_shared<Throwing>(), notes});
  std::mutex mutex;
  std::string log;
  options.log = [&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    log.append(line).append("\n");
  };
  {
    ResourcePool pool(std::move(options));
    const ServingTab tab(pool.join_url());
    pool.load(digits())(picture(3));
  }
  CHECK_THAT(log, contains("a run sink threw: disk full"));
  CHECK_THAT(log, contains("a run sink threw something that is not a std::exception"));
  CHECK(notes->runs.size() == 1);
  CHECK(notes->joins.size() == 1);
}
