#include <webpool/testing/result.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::testing;
using namespace std::chrono_literals;

namespace {
RequestRecord record(std::uint32_t client, Duration submitted, std::optional<Duration> started,
                     std::optional<Duration> ended) {
  RequestRecord each;
  each.client = client;
  each.submitted = submitted;
  each.started = started;
  each.ended = ended;
  return each;
}
}  // namespace

TEST_CASE("a result sums up its requests") {
  Result result{.length = 10s};
  result.requests = {record(1, 0s, 1s, 3s), record(1, 1s, 1s, 2s), record(2, 4s, 5s, std::nullopt),
                     record(2, 8s, std::nullopt, std::nullopt), record(2, 8s, std::nullopt, 9s)};
  result.requests[4].error = errc::queue_full;
  result.requests[0].warm = true;
  CHECK(result.count() == 5);
  CHECK(result.completed() == 2);
  CHECK(result.throughput() == Approx(0.2));
  CHECK(result.wait_ms(1) == Approx(2000));
  CHECK(result.wait_ms(0.5) == Approx(1000));
  CHECK(result.latency_ms(1) == Approx(3000));
  CHECK(result.mean_latency_ms() == Approx(2000));
  CHECK(result.hit_rate() == Approx(0.2));
  CHECK(result.service_by_client().at(1) == Approx(3));
  CHECK(result.service_by_client().at(2) == Approx(5));
  const auto second = [](const RequestRecord& each) { return each.client == 2; };
  CHECK(result.count(second) == 3);
  CHECK(result.completed(second) == 0);
  CHECK(result.wait_ms(0, second) == Approx(1000));
}

TEST_CASE("a deadline is missed by a late result, by an error, and by none at all") {
  Result result{.length = 10s};
  result.requests = {record(0, 0s, 1s, 3s), record(0, 0s, 1s, 3s), record(0, 0s, {}, 1s),
                     record(0, 0s, {}, {}), record(0, 0s, {}, {}), record(0, 0s, {}, {})};
  result.requests[0].deadline = 3s;
  result.requests[1].deadline = 2s;
  result.requests[2].deadline = 20s;
  result.requests[2].error = errc::deadline_unreachable;
  result.requests[3].deadline = 9s;
  result.requests[4].deadline = 11s;
  CHECK(result.deadline_misses() == 3);
}

TEST_CASE("reloads are the loads beyond the first") {
  Result result;
  result.loads = {{ModelIndex{0}, 3}, {ModelIndex{1}, 1}};
  CHECK(result.reloads() == 2);
}
