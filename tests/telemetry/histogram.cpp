#include <webpool/telemetry/histogram.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "../catch.hpp"

using webpool::telemetry::Histogram;
using namespace std::chrono_literals;

TEST_CASE("an empty histogram answers 0") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.mean_ms() == 0);
  CHECK(histogram.quantile_ms(0.5) == 0);
}

TEST_CASE("one duration is every quantile, within 2.5 %") {
  for (std::int64_t ns = 1; ns < std::int64_t{1} << 42; ns += 1 + ns / 7) {
    Histogram histogram;
    histogram.record(std::chrono::nanoseconds(ns));
    const double ms = static_cast<double>(ns) * 1e-6;
    REQUIRE(histogram.quantile_ms(0) == Approx(ms).epsilon(0.025));
    REQUIRE(histogram.quantile_ms(1) == Approx(ms).epsilon(0.025));
    REQUIRE(histogram.mean_ms() == Approx(ms));
  }
}

TEST_CASE("quantiles agree with the sorted durations") {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> spread(15, 2);
  std::vector<double> sorted;
  Histogram histogram;
  for (int i = 0; i < 10'000; ++i) {
    const std::chrono::nanoseconds each(static_cast<std::int64_t>(spread(random)));
    histogram.record(each);
    sorted.push_back(static_cast<double>(each.count()) * 1e-6);
  }
  std::ranges::sort(sorted);
  CHECK(histogram.count() == 10'000);
  for (double q : {0.01, 0.5, 0.95, 0.99, 1.0})
    CHECK(histogram.quantile_ms(q) == Approx(sorted[static_cast<std::size_t>(q * 10'000) - 1]).epsilon(0.025));
}

TEST_CASE("durations out of range count as the nearest in it") {
  Histogram histogram;
  histogram.record(-5ns);
  CHECK(histogram.quantile_ms(1) == 0);
  histogram.record(24h);
  CHECK(histogram.quantile_ms(1) == Approx(4'398'046).epsilon(0.025));
}
