#include <webpool/driver/batch_collector.hpp>

#include <random>
#include <type_traits>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {

using Collector = driver::BatchCollector<int>;
using Batch = Collector::Batch;
using Batches = std::vector<Batch>;

constexpr TimePoint start{};

/// A collector whose one tab is busy with a batch of request 0, so that what comes collects.
Collector busy(BatchOptions options, std::size_t runs_per_tab = 2) {
  Collector collector(std::move(options), runs_per_tab);
  REQUIRE(collector.add(0, "", 1, start) == Batches{{0}});
  return collector;
}

}  // namespace

static_assert(std::is_aggregate_v<BatchOptions>);

TEST_CASE("a request for an idle tab does not wait") {
  Collector collector({.maximum = 8});
  CHECK(collector.due() == end_of_time);
  CHECK(collector.add(1, "", 1, start) == Batches{{1}});
  CHECK(collector.waiting() == 0);
  CHECK(collector.running() == 1);
  CHECK(collector.due() == end_of_time);
}

TEST_CASE("what runs again by itself counts as a run") {
  Collector collector({.maximum = 8});
  REQUIRE(collector.add(1, "", 1, start) == Batches{{1}});
  collector.started();
  CHECK(collector.running() == 2);
  CHECK(collector.ended(start).empty());
  CHECK(collector.running() == 1);
}

TEST_CASE("what comes while the tab is busy collects until the run ends") {
  Collector collector = busy({.maximum = 8, .delay = 10ms});
  CHECK(collector.add(1, "", 1, start + 1ms).empty());
  CHECK(collector.add(2, "", 2, start + 2ms).empty());
  CHECK(collector.due() == start + 11ms);
  CHECK(collector.ended(start + 3ms) == Batches{{1, 2}});
  CHECK(collector.running() == 1);
  CHECK(collector.ended(start + 4ms).empty());
  CHECK(collector.running() == 0);
}

TEST_CASE("the delay bounds the wait of the oldest request") {
  Collector collector = busy({.maximum = 8, .delay = 10ms});
  CHECK(collector.add(1, "", 1, start).empty());
  CHECK(collector.add(2, "", 1, start + 9ms).empty());
  CHECK(collector.take_due(start + 10ms - 1ns).empty());
  CHECK(collector.take_due(start + 10ms) == Batches{{1, 2}});
  CHECK(collector.due() == end_of_time);
}

TEST_CASE("a batch grows beyond the delay while the tabs have all that they may") {
  Collector collector = busy({.maximum = 8, .delay = 10ms}, 1);
  CHECK(collector.add(1, "", 1, start).empty());
  CHECK(collector.due() == end_of_time);
  CHECK(collector.take_due(start + 1h).empty());
  CHECK(collector.add(2, "", 1, start + 1h).empty());
  CHECK(collector.ended(start + 2h) == Batches{{1, 2}});
}

TEST_CASE("a full batch is sent whatever runs") {
  Collector collector = busy({.maximum = 3}, 1);
  CHECK(collector.add(1, "", 1, start).empty());
  CHECK(collector.add(2, "", 1, start).empty());
  CHECK(collector.add(3, "", 1, start) == Batches{{1, 2, 3}});
  CHECK(collector.add(4, "", 2, start).empty());
  CHECK(collector.running() == 2);
}

TEST_CASE("a request that would make a batch too large begins the next one") {
  Collector collector = busy({.maximum = 4}, 1);
  CHECK(collector.add(1, "", 3, start).empty());
  CHECK(collector.add(2, "", 2, start) == Batches{{1}});
  CHECK(collector.waiting() == 1);
  CHECK(collector.add(3, "", 4, start) == Batches{{2}, {3}});
  CHECK(collector.add(4, "", 1, start).empty());
  CHECK(collector.add(5, "", 9, start) == Batches{{4}, {5}});  // larger than any batch: alone
}

TEST_CASE("a preferred size is sent as soon as a batch has exactly that") {
  Collector collector = busy({.maximum = 8, .preferred = {2, 5}}, 1);
  CHECK(collector.add(1, "", 1, start).empty());
  CHECK(collector.add(2, "", 1, start) == Batches{{1, 2}});
  CHECK(collector.add(3, "", 3, start).empty());
  CHECK(collector.add(4, "", 1, start).empty());
  CHECK(collector.add(5, "", 1, start) == Batches{{3, 4, 5}});
}

TEST_CASE("requests of different kinds go into different batches, the oldest first") {
  Collector collector = busy({.maximum = 8, .delay = 10ms});
  CHECK(collector.add(1, "wide", 1, start + 1ms).empty());
  CHECK(collector.add(2, "narrow", 1, start + 2ms).empty());
  CHECK(collector.add(3, "wide", 1, start + 3ms).empty());
  CHECK(collector.ended(start + 4ms) == Batches{{1, 3}});
  CHECK(collector.due() == start + 12ms);
  CHECK(collector.ended(start + 5ms) == Batches{{2}});
}

TEST_CASE("each tab that holds the model may have a batch at once") {
  Collector collector({.maximum = 8, .delay = 10ms});
  collector.set_tabs(2);
  CHECK(collector.add(1, "", 1, start) == Batches{{1}});
  CHECK(collector.add(2, "", 1, start) == Batches{{2}});
  CHECK(collector.add(3, "", 1, start).empty());
  collector.set_tabs(0);  // both went away: there is no place before a run ends
  CHECK(collector.due() == end_of_time);
  CHECK(collector.ended(start + 1s) == Batches{{3}});
}

TEST_CASE("an erased request leaves no trace") {
  Collector collector = busy({.maximum = 3, .delay = 10ms});
  CHECK(collector.add(1, "", 1, start + 1ms).empty());
  CHECK(collector.add(2, "", 1, start + 2ms).empty());
  CHECK(collector.erase(1));
  CHECK_FALSE(collector.erase(1));
  CHECK_FALSE(collector.erase(0));  // it runs
  CHECK(collector.due() == start + 12ms);
  CHECK(collector.add(3, "", 1, start + 3ms).empty());  // its row is free again
  CHECK(collector.erase(2));
  CHECK(collector.erase(3));
  CHECK(collector.due() == end_of_time);
  CHECK(collector.take_all().empty());
  CHECK(collector.ended(start + 4ms).empty());
}

TEST_CASE("a request that can't wait takes along what waits beside it") {
  Collector collector = busy({.maximum = 8}, 1);
  CHECK(collector.add(1, "a", 1, start).empty());
  CHECK(collector.add(2, "b", 1, start).empty());
  CHECK(collector.add(3, "a", 1, start).empty());
  CHECK(collector.take_with(3) == Batch{1, 3});
  CHECK(collector.take_with(3).empty());
  CHECK(collector.take_all() == Batches{{2}});
  CHECK(collector.running() == 3);
}

TEST_CASE("another maximum holds for what comes from now on") {
  Collector collector = busy({.maximum = 8}, 1);
  CHECK(collector.add(1, "", 3, start).empty());
  collector.set_maximum(2);
  CHECK(collector.add(2, "", 1, start) == Batches{{1}});
  CHECK(collector.add(3, "", 1, start) == Batches{{2, 3}});
}

TEST_CASE("whatever happens, each request is handed out or erased once, in order, and never above the maximum") {
  std::mt19937 random(4711);
  const auto draw = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  for (int round = 0; round < 200; ++round) {
    const std::size_t maximum = 1 + static_cast<std::size_t>(draw(8));
    Collector collector({.maximum = maximum, .delay = std::chrono::microseconds(draw(20))}, 1 + random() % 2);
    TimePoint now = start;
    std::vector<std::size_t> rows;
    std::vector<int> ends;
    std::size_t running = 0;
    const auto check = [&](const Batches& batches) {
      for (const auto& batch : batches) {
        ++running;
        std::size_t sum = 0;
        REQUIRE_FALSE(batch.empty());
        for (std::size_t i = 0; i < batch.size(); ++i) {
          sum += rows.at(static_cast<std::size_t>(batch[i]));
          REQUIRE((i == 0 || batch[i - 1] < batch[i]));
          REQUIRE(batch[i] % 2 == batch[0] % 2);
          ++ends.at(static_cast<std::size_t>(batch[i]));
        }
        REQUIRE((sum <= maximum || batch.size() == 1));
      }
    };
    for (int step = 0; step < 200; ++step) {
      now += std::chrono::microseconds(draw(5));
      const int what = draw(10);
      if (what < 6) {
        const int item = static_cast<int>(rows.size());
        rows.push_back(1 + static_cast<std::size_t>(draw(4)));
        ends.push_back(0);
        check(collector.add(item, item % 2 ? "odd" : "even", rows.back(), now));
      } else if (what < 7 && !rows.empty()) {
        const int item = draw(static_cast<int>(rows.size()));
        if (collector.erase(item)) ++ends[static_cast<std::size_t>(item)];
      } else if (what < 9 && running > 0) {
        --running;
        check(collector.ended(now));
      } else {
        check(collector.take_due(now));
        REQUIRE(collector.due() > now);
      }
      REQUIRE(collector.running() == running);
    }
    while (running > 0) {
      --running;
      check(collector.ended(now));
    }
    CHECK(collector.waiting() == 0);
    CHECK(ends == std::vector<int>(rows.size(), 1));
  }
}
