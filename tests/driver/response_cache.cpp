#include <webpool/driver/response_cache.hpp>

#include <cstring>
#include <thread>

#include "../catch.hpp"

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
    if (auto question = cache.remember(Question(inputs, std::move(wanted))))
      cache.add(*std::move(question), answer(value));
  }
  /// The answer's number; -1 when there is none.
  float find(const Inputs& inputs, std::vector<std::string> wanted = {}) {
    const auto found = cache.find(Question(inputs, std::move(wanted)));
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
