#include <webpool/testing/arrivals.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::testing;
using namespace std::chrono_literals;

namespace {
template <class Process>
std::vector<Duration> arrivals(Process process, Duration until) {
  Random random(5);
  std::vector<Duration> all;
  for (auto at = process.next(0s, random); at && *at < until; at = process.next(*at, random)) all.push_back(*at);
  return all;
}

std::size_t between(const std::vector<Duration>& times, Duration from, Duration until) {
  return static_cast<std::size_t>(std::ranges::count_if(times, [=](Duration t) { return from <= t && t < until; }));
}
}  // namespace

TEST_CASE("Poisson: the rate, and gaps like an exponential distribution's") {
  const auto times = arrivals(Poisson{.rate = 100}, 100s);
  CHECK(times.size() == Approx(10'000).epsilon(0.03));
  std::size_t long_gaps = 0;
  for (std::size_t i = 1; i < times.size(); ++i) long_gaps += times[i] - times[i - 1] > 20ms;
  CHECK(static_cast<double>(long_gaps) / static_cast<double>(times.size()) == Approx(std::exp(-2.0)).epsilon(0.05));
}

TEST_CASE("Poisson: only from then, and until then") {
  const auto times = arrivals(Poisson{.rate = 100, .from = 10s, .until = 20s}, 100s);
  CHECK(times.size() == Approx(1'000).epsilon(0.1));
  CHECK(between(times, 10s, 20s) == times.size());
}

TEST_CASE("bursts: busy, then quiet") {
  const auto times = arrivals(Bursts{.rate = 200, .quiet_rate = 10, .on = 2s, .off = 3s}, 50s);
  CHECK(between(times, 5s, 7s) == Approx(400).epsilon(0.2));
  CHECK(between(times, 7s, 10s) == Approx(30).epsilon(0.5));
  CHECK(times.size() == Approx(10 * 430).epsilon(0.05));
}

TEST_CASE("day curve: lowest at the start, highest at noon") {
  const auto times = arrivals(DayCurve{.rate = 100, .swing = 1, .day = 100s}, 100s);
  CHECK(times.size() == Approx(10'000).epsilon(0.03));
  CHECK(between(times, 0s, 10s) < 200);
  CHECK(between(times, 45s, 55s) == Approx(2'000).epsilon(0.1));
}

TEST_CASE("replay: the given times") {
  CHECK(arrivals(Replay{.times = {1s, 2s, 2s, 5s}}, 10s) == std::vector<Duration>{1s, 2s, 2s, 5s});
}

TEST_CASE("a rate that is nothing, negative or not a number brings nobody") {
  Random random(1);
  for (double rate : {0.0, -1.0, std::nan("")}) CHECK_FALSE(Poisson{.rate = rate}.next(0s, random));
  CHECK_FALSE(Bursts{.rate = 0}.next(0s, random));
}
