#include <webpool/policies/scaling/holt_winters.hpp>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "../../catch.hpp"

using webpool::scaling::HoltWinters;

TEST_CASE("a first season gives the level and the shape") {
  HoltWinters series({.season = 4});
  for (const double value : {10, 20, 40, 30}) {
    CHECK_FALSE(series.ready());
    series.add(value);
  }
  REQUIRE(series.ready());
  CHECK(series.forecast(1) == Approx(10));
  CHECK(series.forecast(2) == Approx(20));
  CHECK(series.forecast(3) == Approx(40));
  CHECK(series.forecast(4) == Approx(30));
  CHECK(series.forecast(5) == Approx(10));
}

TEST_CASE("one step of each equation") {
  HoltWinters series({.season = 2, .alpha = 0.5, .beta = 0.25, .gamma = 0.1});
  series.add(8);
  series.add(12);
  // Level 10, trend 0, seasonal -2 and 2; 12 comes where 8 was expected.
  series.add(12);
  // Level 0.5 * (12 + 2) + 0.5 * 10 = 12; trend 0.25 * 2 = 0.5; seasonal 0.1 * (12 - 10) + 0.9 * -2 = -1.6.
  CHECK(series.forecast(1) == Approx(12 + 0.5 + 2));
  CHECK(series.forecast(2) == Approx(12 + 1.0 - 1.6));
}

TEST_CASE("a rhythm with a trend is forecast better than by the last value or a line through the last 20") {
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 3);
  const auto truth = [](int t) { return 100 + 0.05 * t + 50 * std::sin(2 * std::numbers::pi * t / 96); };
  HoltWinters series({.season = 96});
  std::vector<double> values;
  constexpr int ahead = 8;
  double error = 0, last_value = 0, line = 0;
  for (int t = 0; t < 96 * 8; ++t) {
    values.push_back(truth(t) + noise(random));
    series.add(values.back());
    if (t < 96 * 3) continue;
    const double value = truth(t + ahead);
    error += std::abs(series.forecast(ahead) - value);
    last_value += std::abs(values.back() - value);
    double mean = 0, slope = 0;
    for (std::size_t i = 0; i < 20; ++i) mean += values[values.size() - 20 + i] / 20;
    for (std::size_t i = 0; i < 20; ++i)
      slope += (static_cast<double>(i) - 9.5) * values[values.size() - 20 + i] / 665;  // the sum of squares
    line += std::abs(mean + slope * (9.5 + ahead) - value);
  }
  CHECK(error < 0.3 * last_value);
  CHECK(error < 0.5 * line);
}

TEST_CASE("a series without a season is Holt's: level and trend") {
  for (const std::size_t season : {0u, 1u}) {
    HoltWinters series({.season = season, .alpha = 0.5, .beta = 0.5});
    for (int t = 0; t < 200; ++t) series.add(3.0 * t);
    CHECK(series.forecast(10) == Approx(3.0 * 209).epsilon(0.001));
  }
}

TEST_CASE("bad values are taken for the expected, bad shares for the defaults") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  HoltWinters series({.season = 2, .alpha = nan, .beta = -1, .gamma = 7}), normal({.season = 2});
  for (const double value : {1.0, 2.0, 5.0}) {
    series.add(value);
    normal.add(value);
  }
  CHECK(series.forecast(1) == normal.forecast(1));
  const double expected = series.forecast(1);
  series.add(nan);
  series.add(inf);
  series.add(-inf);
  CHECK(std::isfinite(series.forecast(1)));
  CHECK(std::abs(series.forecast(2) - expected) < 1);
}
