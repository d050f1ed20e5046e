#include <webpool/impl/model_impl.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::driver;
using impl::Lease, impl::ModelImpl;

namespace {

/// A pool on paper, which notes what models hand to it.
struct Paper final : Runtime {
  explicit Paper(BacklogLimits limits = {}) : places(std::make_shared<Backlog>(limits)) {}

  struct Submitted {
    ModelRef model;
    Completion done;
  };

  void submit(ModelRef model, Inputs, RequestOptions, std::shared_ptr<Ticket>, Completion done) override {
    submitted.push_back({model, std::move(done)});
  }
  void finish(Expected<Outputs> result, Completion done) override { done(std::move(result)); }
  void generate(ModelRef, Inputs, std::shared_ptr<GenerationRun>, std::shared_ptr<Ticket>, Completion) override {}
  void fetch(const ResidentTensor&, Completion) override {}
  void release(WorkerId, TensorId) override {}
  bool is_open() const override { return open; }
  void cancel(std::shared_ptr<Ticket>) override {}
  void release(ModelIndex model) override { released.push_back(model); }
  EventLoop& loop() noexcept override { return events; }
  Backlog& backlog() noexcept override { return *places; }

  std::shared_ptr<Backlog> places;
  EventLoop events{*places};
  bool open = true;
  std::vector<Submitted> submitted;
  std::vector<ModelIndex> released;
};

/// One model of a pool on paper.
struct Rig {
  explicit Rig(BacklogLimits limits = {}, std::size_t cache_bytes = 0, bool shared = false)
      : pool(std::make_shared<Paper>(limits)), lease(std::make_shared<Lease>(pool, shared)) {
    lease->index = ModelIndex{5};
    ModelInfo info;
    info.inputs = {{.name = "x", .shape = {Shape::any}, .symbols = {"batch"}}};
    info.outputs = {{.name = "y", .shape = {Shape::any}, .symbols = {"batch"}}};
    model =
        std::make_shared<const ModelImpl>("m", info, Task{}, lease, 2, 0, rows,
                                          cache_bytes ? std::make_shared<ResponseCache>(cache_bytes, counts) : nullptr);
  }

  void start(Inputs inputs) const {
    model->start(std::move(inputs), {}, nullptr, [this](Expected<Outputs> end) { ends->push_back(std::move(end)); });
  }
  /// Answers the request that was submitted as that one.
  void answer(std::size_t which, float y) const {
    pool->submitted.at(which).done(
        Outputs({{"y", Tensor::from(std::vector<float>{y}, {1})}}, std::make_shared<const Where>(), {}));
  }

  std::shared_ptr<Paper> pool;
  std::shared_ptr<Lease> lease;
  std::shared_ptr<std::atomic<std::size_t>> rows = std::make_shared<std::atomic<std::size_t>>(1);
  std::shared_ptr<CacheCounts> counts = std::make_shared<CacheCounts>();
  std::shared_ptr<const ModelImpl> model;
  std::shared_ptr<std::vector<Expected<Outputs>>> ends = std::make_shared<std::vector<Expected<Outputs>>>();
};

Inputs input(float x) { return {{"x", Tensor::from(std::vector<float>{x}, {1})}}; }

}  // namespace

TEST_CASE("a lease releases what was loaded once, when the last of its models goes") {
  const auto pool = std::make_shared<Paper>();
  auto lease = std::make_shared<Lease>(pool, true);
  lease->index = ModelIndex{3};
  auto first = std::make_shared<const ModelImpl>("a", ModelInfo{}, Task{}, lease, 0, 0, nullptr, nullptr);
  auto second = std::make_shared<const ModelImpl>("b", ModelInfo{}, Task{}, lease, 1, 0, nullptr, nullptr);
  lease.reset();
  first.reset();
  CHECK(pool->released.empty());
  second.reset();
  CHECK(pool->released == std::vector{ModelIndex{3}});
}

TEST_CASE("a lease of a load that failed releases nothing") {
  const auto pool = std::make_shared<Paper>();
  {
    Lease lease(pool, false);
    lease.runtime.reset();
  }
  CHECK(pool->released.empty());
}

TEST_CASE("a request is submitted as one of its model among those of the lease") {
  const Rig rig;
  rig.start(input(1));
  REQUIRE(rig.pool->submitted.size() == 1);
  CHECK(rig.pool->submitted[0].model.model == ModelIndex{5});
  CHECK(rig.pool->submitted[0].model.part == 2);
  CHECK(rig.ends->empty());
  rig.answer(0, 8);
  REQUIRE(rig.ends->size() == 1);
  CHECK(rig.ends->at(0).value()["y"].as<float>()[0] == 8.0F);
}

TEST_CASE("a faulty request takes no place and is not submitted") {
  const Rig rig({.requests = 1});
  rig.start({});
  REQUIRE(rig.ends->size() == 1);
  CHECK(rig.ends->at(0).error().code() == errc::missing_input);
  CHECK(rig.pool->submitted.empty());
  CHECK(rig.pool->backlog().requests() == 0);
}

TEST_CASE("a request without a place is refused, and its end makes room for the next") {
  const Rig rig({.requests = 1});
  rig.start(input(1));
  rig.start(input(2));
  REQUIRE(rig.ends->size() == 1);
  CHECK(rig.ends->at(0).error().code() == errc::would_block);
  rig.answer(0, 1);
  rig.start(input(3));
  CHECK(rig.pool->submitted.size() == 2);
}

TEST_CASE("an answer that the cache has needs neither a place nor a tab") {
  const Rig rig({.requests = 1}, 1 << 20);
  rig.start(input(1));
  rig.answer(0, 9);
  rig.start(input(2));  // takes the only place
  rig.start(input(1));
  REQUIRE(rig.ends->size() == 2);
  CHECK(rig.ends->at(1).value().from_cache());
  CHECK(rig.ends->at(1).value()["y"].as<float>()[0] == 9.0F);
  CHECK(rig.pool->submitted.size() == 2);
}

TEST_CASE("a closed pool's cache is not asked") {
  const Rig rig({}, 1 << 20);
  rig.start(input(1));
  rig.answer(0, 9);
  rig.pool->open = false;
  rig.start(input(1));
  CHECK(rig.pool->submitted.size() == 2);
  CHECK(rig.ends->size() == 1);
}

TEST_CASE("a failure is not kept in the cache") {
  const Rig rig({}, 1 << 20);
  rig.start(input(1));
  rig.pool->submitted.at(0).done(Error(errc::run_failed, "out of luck"));
  rig.start(input(1));
  CHECK(rig.pool->submitted.size() == 2);
}

TEST_CASE("the maximum of rows is the pool's own from then on, but never more than one where workers are shared") {
  const Rig alone;
  alone.model->set_max_batch_size(4);
  CHECK(*alone.rows == 4);
  CHECK_THROWS_AS(alone.model->set_max_batch_size(0), Error);
  CHECK(*alone.rows == 4);
  const Rig shared({}, 0, true);
  shared.model->set_max_batch_size(1);
  CHECK_THROWS_AS(shared.model->set_max_batch_size(2), Error);
  CHECK(*shared.rows == 1);
}
