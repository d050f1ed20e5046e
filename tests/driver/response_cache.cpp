#include <webpool/driver/response_cache.hpp>

#include <asio/use_future.hpp>
#include <cstring>
#include <thread>

#include "../support/pool.hpp"

using namespace webpool;
using driver::CacheCounts, driver::Question, driver::ResponseCache;

namespace {

constexpr std::size_t overhead = ResponseCache::entry_overhead;

Inputs input(std::vector<float> values, std::string name = "x") {
  const auto size = static_cast<std::int64_t>(values.size());
  return {{std::move(name), Tensor::from(std::move(values), {size})}};
}

/// An answer of one float, named "y": five bytes.
Outputs answer(float value) {
  return Outputs({{"y", Tensor::from(std::vector<float>{value}, {1})}}, std::make_shared<const Where>(),
                 {.compute = 3, .total = 4});
}

/// A cache with its counts.
struct Rig {
  explicit Rig(std::size_t bytes) : cache(bytes, counts) {}

  void add(const Inputs& inputs, float value, std::vector<std::string> wanted = {}) {
    if (auto question = cache.remember(Question(inputs, {.outputs = std::move(wanted)})))
      cache.add(*std::move(question), answer(value));
  }
  /// The answer's number; -1 when there is none.
  float find(const Inputs& inputs, std::vector<std::string> wanted = {}) {
    const auto found = cache.find(Question(inputs, {.outputs = std::move(wanted)}));
    return found ? (*found)["y"].as<float>()[0] : -1;
  }

  std::shared_ptr<CacheCounts> counts = std::make_shared<CacheCounts>();
  ResponseCache cache;
};

}  // namespace

TEST_CASE("an equal question has its answer, which says whence it is") {
  Rig rig(10'000);
  CHECK(rig.find(input({1, 2})) == -1);
  rig.add(input({1, 2}), 7);
  const auto found = rig.cache.find(Question(input({1, 2}), {}));
  REQUIRE(found);
  CHECK(found->from_cache());
  CHECK((*found)["y"].as<float>()[0] == 7);
  CHECK(found->times().compute == 0);
  CHECK(found->times().total == 0);
  CHECK_FALSE(answer(7).from_cache());
  CHECK(rig.counts->hits == 1);
  CHECK(rig.counts->misses == 1);
}

TEST_CASE("whatever an answer depends on makes another question") {
  Rig rig(10'000);
  rig.add(input({1, 2}), 7);
  CHECK(rig.find(input({1, 3})) == -1);
  CHECK(rig.find(input({1, 2}, "z")) == -1);
  CHECK(rig.find({{"x", Tensor::from(std::vector<float>{1, 2}, {1, 2})}}) == -1);
  CHECK(rig.find({{"x", Tensor::from(std::vector<float>{1, 2}, {2, 1})}}) == -1);
  const float bits[2] = {1, 2};
  std::vector<std::int32_t> same(2);
  std::memcpy(same.data(), bits, sizeof bits);
  CHECK(rig.find({{"x", Tensor::from(same, {2})}}) == -1);
  CHECK(rig.find(input({1, 2}), {"y"}) == -1);
  CHECK(rig.find(input({0.0F})) == -1);
  rig.add(input({0.0F}), 1);
  CHECK(rig.find(input({-0.0F})) == -1);  // equal as numbers, but not to every model
  CHECK(rig.find(input({1, 2})) == 7);
}

TEST_CASE("the order in which inputs are given makes no difference") {
  Rig rig(10'000);
  Inputs both{input({1}, "a")[0], input({2}, "b")[0]};
  rig.add(both, 7);
  std::swap(both[0], both[1]);
  CHECK(rig.find(both) == 7);
  std::swap(both[0].name, both[1].name);
  CHECK(rig.find(both) == -1);
}

TEST_CASE("questions with the same hash keep their own answers") {
  Rig rig(10'000);
  const auto colliding = [](float value) {
    Question question(input({value}), {});
    question.hash = 5;
    return question;
  };
  for (const float value : {1.0F, 2.0F, 3.0F}) {
    CHECK_FALSE(rig.cache.find(colliding(value)));
    rig.cache.add(*rig.cache.remember(colliding(value)), answer(10 * value));
  }
  for (const float value : {1.0F, 2.0F, 3.0F})
    CHECK((*rig.cache.find(colliding(value)))["y"].as<float>()[0] == 10 * value);
  CHECK_FALSE(rig.cache.find(colliding(4)));
}

TEST_CASE("similar questions hardly share a hash") {
  std::vector<std::size_t> hashes;
  for (int i = 0; i < 4096; ++i) hashes.push_back(Question(input({static_cast<float>(i), 0}), {}).hash);
  for (int i = 0; i < 4096; ++i) hashes.push_back(Question(input({0, static_cast<float>(i + 1)}), {}).hash);
  std::ranges::sort(hashes);
  CHECK(std::ranges::adjacent_find(hashes) == hashes.end());
}

TEST_CASE("inputs and outputs count, and the least recently used leave") {
  constexpr std::size_t entry = overhead + 1 + 4 + 1 + 4;  // "x", its float, "y", its float
  Rig rig(3 * entry);
  for (const float value : {1.0F, 2.0F, 3.0F}) rig.add(input({value}), value);
  CHECK(rig.cache.bytes() == 3 * entry);
  CHECK(rig.find(input({1})) == 1);  // now 2 is the oldest
  rig.add(input({4}), 4);
  CHECK(rig.cache.size() == 3);
  CHECK(rig.find(input({2})) == -1);
  for (const float value : {1.0F, 3.0F, 4.0F}) CHECK(rig.find(input({value})) == value);

  rig.add(input(std::vector<float>(100)), 5);  // larger than one of them: more than one leaves
  CHECK(rig.find(input(std::vector<float>(100))) == 5);
  CHECK(rig.cache.bytes() <= 3 * entry);
  CHECK(rig.cache.size() == 2);
  CHECK(rig.find(input({4})) == 4);
}

TEST_CASE("what is too large is not kept and puts nothing out") {
  Rig rig(overhead + 100);
  rig.add(input({1}), 1);
  CHECK_FALSE(rig.cache.remember(Question(input(std::vector<float>(30)), {})));
  auto question = rig.cache.remember(Question(input({2}), {}));
  REQUIRE(question);
  rig.cache.add(*std::move(question), Outputs({{"y", Tensor::from(std::vector<float>(30), {30})}}, nullptr, {}));
  CHECK(rig.cache.size() == 1);
  CHECK(rig.find(input({1})) == 1);
}

TEST_CASE("nothing that callers or pages hold is referred to") {
  Rig rig(10'000);
  std::vector<float> lent{1, 2};
  const Inputs inputs{{"x", Tensor::borrow(std::span<const float>(lent), {2}, nullptr)}};
  auto large = std::make_shared<std::vector<float>>(1'000'000, 9.0F);
  const std::weak_ptr<std::vector<float>> watched = large;
  Outputs part({{"y", Tensor::borrow(std::span<const float>(*large).first(1), {1}, large)}}, nullptr, {});
  large.reset();
  auto question = rig.cache.remember(Question(inputs, {}));
  lent = {5, 6};
  rig.cache.add(*std::move(question), part);
  part = {};
  CHECK(watched.expired());
  CHECK(rig.find(inputs) == -1);
  CHECK(rig.find(input({1, 2})) == 9);
}

TEST_CASE("the same answer twice is kept once") {
  Rig rig(10'000);
  rig.add(input({1}), 1);
  const std::size_t bytes = rig.cache.bytes();
  rig.add(input({1}), 1);
  CHECK(rig.cache.size() == 1);
  CHECK(rig.cache.bytes() == bytes);
}

TEST_CASE("threads that ask and answer at once get what belongs to their question") {
  Rig rig(40 * (overhead + 10));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 2000; ++i) {
        const auto value = static_cast<float>((i * 7 + thread * 13) % 60);
        const float found = rig.find(input({value}));
        if (found == -1)
          rig.add(input({value}), value);
        else
          wrong += found != value;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(rig.counts->hits + rig.counts->misses == 8000);
  CHECK(rig.counts->hits > 0);
  CHECK(rig.cache.bytes() <= 40 * (overhead + 10));
}

// --- in front of a model

namespace {

using namespace webpool::testing;

constexpr std::size_t room = 1 << 20;

float first_of(const Outputs& outputs) { return outputs["probabilities"].as<float>()[0]; }

/// A pool with one tab that answers, and a model whose answers are kept.
struct Served {
  explicit Served(ModelOptions options = {}) : tab(pool.join_url()) {
    options.response_cache_bytes = room;
    model.emplace(pool.load(digits(), std::move(options)));
  }
  void check_counts(std::uint64_t hits, std::uint64_t misses, unsigned runs) const {
    CHECK(pool.metrics().cache_hits == hits);
    CHECK(pool.metrics().cache_misses == misses);
    CHECK(pool.metrics().submitted == runs);
    CHECK(tab.runs() == runs);
  }

  ResourcePool<> pool{quiet()};
  ServingTab tab;
  std::optional<Model> model;
};

}  // namespace

TEST_CASE("a second blocking call with equal inputs needs no tab") {
  Served served;
  const Outputs computed = (*served.model)(picture(5)), kept = (*served.model)(picture(5));
  CHECK_FALSE(computed.from_cache());
  CHECK(kept.from_cache());
  CHECK(first_of(kept) == 5);
  CHECK(&kept.where() == &computed.where());
  CHECK(first_of((*served.model)(picture(6))) == 6);
  CHECK_FALSE((*served.model)(picture(5), {.outputs = {"probabilities"}}).from_cache());
  CHECK((*served.model)(picture(5), {.priority = 3, .outputs = {"probabilities"}}).from_cache());
  served.check_counts(2, 3, 3);
}

TEST_CASE("an asynchronous call is answered later, though the answer is there") {
  Served served;
  CHECK(first_of(served.model->async_run(picture(2), asio::use_future).get()) == 2);
  std::promise<bool> inside;
  std::atomic<bool> returned = false;
  std::promise<void> go;
  served.model->async_run(picture(2), [&](const std::exception_ptr& failure, const Outputs& outputs) {
    go.get_future().wait();
    inside.set_value(!returned || failure || !outputs.from_cache());
  });
  returned = true;
  go.set_value();
  CHECK_FALSE(inside.get_future().get());
  served.check_counts(1, 1, 1);
}

TEST_CASE("concurrent calls and batches take what is kept and compute the rest") {
  Served served;
  const Model& model = *served.model;
  const auto concurrent = model.run_concurrent({picture(1), picture(2)});
  CHECK_FALSE(concurrent[0]->from_cache());
  const auto pool_wide = served.pool.execute_concurrent({{model, picture(2)}, {model, picture(1)}});
  CHECK(pool_wide[0]->from_cache());
  CHECK(first_of(*pool_wide[0]) == 2);
  served.check_counts(2, 2, 2);

  const auto batch = model.run_batch({picture(1), picture(7), picture(2), picture(8)});
  REQUIRE(batch.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(first_of(batch[i]) == std::vector<float>{1, 7, 2, 8}[i]);
    CHECK(batch[i].from_cache() == (i % 2 == 0));
  }
  served.check_counts(4, 4, 3);  // 7 and 8 were one run
  CHECK(model(picture(8)).from_cache());
  CHECK(model.run_batch({picture(8), picture(7)})[1].from_cache());
  served.check_counts(7, 4, 3);
}

TEST_CASE("requests that the pool batches are kept one by one") {
  Served served({.batching = {.maximum = 8}});
  std::vector<Inputs> requests;
  for (int i = 0; i < 6; ++i) requests.push_back(picture(static_cast<float>(i)));
  for (const auto& result : served.model->run_concurrent(requests)) CHECK_FALSE(result->from_cache());
  for (int i = 0; i < 6; ++i) {
    const Outputs kept = (*served.model)(picture(static_cast<float>(i)));
    CHECK(kept.from_cache());
    CHECK(first_of(kept) == static_cast<float>(i));
  }
}

TEST_CASE("errors are not kept") {
  Stage stage(quiet(), {.response_cache_bytes = room});
  auto failing = stage.model->async_run(picture(4), asio::use_future);
  stage.worker->fail(stage.run().integer("id"), "run_failed", "out of luck");
  CHECK(error_of([&] { failing.get(); }).code() == errc::run_failed);
  auto again = stage.model->async_run(picture(4), asio::use_future);
  stage.worker->answer(stage.run());
  CHECK_FALSE(again.get().from_cache());
  CHECK((*stage.model)(picture(4)).from_cache());
  CHECK(error_of([&] { (*stage.model)({}); }).code() == errc::missing_input);
  CHECK(stage.pool.metrics().cache_misses == 2);
}

TEST_CASE("a model's answers go with it, and a closed pool gives none") {
  Served served;
  (*served.model)(picture(5));
  served.model.reset();
  served.model.emplace(served.pool.load(digits(), {.response_cache_bytes = room}));
  CHECK_FALSE((*served.model)(picture(5)).from_cache());
  CHECK((*served.model)(picture(5)).from_cache());
  served.pool.close();
  CHECK(error_of([&] { (*served.model)(picture(5)); }).code() == errc::pool_closed);
  CHECK(error_of([&] { served.model->async_run(picture(5), asio::use_future).get(); }).code() == errc::pool_closed);
  CHECK(error_of([&] { served.model->run_batch({picture(5)}); }).code() == errc::pool_closed);
}

TEST_CASE("without the option nothing is kept") {
  ResourcePool pool(quiet());
  const ServingTab tab(pool.join_url());
  const Model model = pool.load(digits());
  CHECK_FALSE(model(picture(5)).from_cache());
  CHECK_FALSE(model(picture(5)).from_cache());
  CHECK(pool.metrics().cache_hits + pool.metrics().cache_misses == 0);
  CHECK(tab.runs() == 2);
}

namespace {

/// A tensor in a tab, as the cache sees it.
struct InTab final : DeviceTensor {
  Tensor fetch() const override { return {}; }
  bool lost() const noexcept override { return gone; }
  std::size_t bytes() const noexcept override { return 400; }
  bool gone = false;
};

}  // namespace

TEST_CASE("an answer that stays in a tab is kept as it is, counts with its bytes there, and goes with its tab") {
  Rig rig(10'000);
  const RequestOptions stays{.keep_on_device = {"y"}};
  const auto tab = std::make_shared<InTab>();
  const Outputs there({{"y", Tensor(Datatype::float32, {100}, tab)}}, std::make_shared<const Where>(), {});
  rig.cache.add(*rig.cache.remember(Question(input({1}), stays)), there);
  CHECK(rig.cache.bytes() > 400);
  CHECK((*rig.cache.find(Question(input({1}), stays)))["y"].device() == tab);
  CHECK(rig.find(input({1})) == -1);  // whoever wants the bytes asks something else
  tab->gone = true;
  CHECK_FALSE(rig.cache.find(Question(input({1}), stays)));
  CHECK(rig.cache.size() == 0);
  CHECK(rig.cache.bytes() == 0);
}
