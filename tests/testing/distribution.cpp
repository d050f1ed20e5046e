#include <webpool/testing/distribution.hpp>
#include <webpool/testing/statistics.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::testing;
using namespace std::chrono_literals;

namespace {
struct Sample {
  double median, mean, spread;
};
Sample sample(const Distribution& distribution) {
  Random random(3);
  std::vector<double> values;
  for (int i = 0; i < 100'000; ++i) values.push_back(1e3 * seconds_of(distribution(random)));
  const double mean = testing::mean(values);
  double squares = 0;
  for (double each : values) squares += (each - mean) * (each - mean);
  return {quantile(values, 0.5), mean, std::sqrt(squares / static_cast<double>(values.size())) / mean};
}
}  // namespace

TEST_CASE("a distribution has the median and the spread that it was given, and knows its mean") {
  const double spread = GENERATE(0.1, 0.5, 1.0);
  for (const Distribution& each : {lognormal(20ms, spread), testing::gamma(20ms, spread)}) {
    const Sample drawn = sample(each);
    CHECK(drawn.median == Approx(20).epsilon(0.03));
    CHECK(drawn.spread == Approx(spread).epsilon(0.05));
    CHECK(drawn.mean == Approx(1e3 * seconds_of(each.mean())).epsilon(0.02));
  }
}

TEST_CASE("a plain duration never varies") {
  Random random(1);
  const Distribution always = 5ms;
  CHECK(always(random) == 5ms);
  CHECK(always.mean() == 5ms);
  CHECK(Distribution()(random) == 0ms);
}

TEST_CASE("a spread or duration that makes no sense is taken for the nearest that does") {
  Random random(1);
  CHECK(lognormal(5ms, -1)(random) == 5ms);
  CHECK(testing::gamma(5ms, 0).mean() == testing::gamma(5ms, 0.01).mean());
  CHECK(Distribution(-5ms)(random) == 0ms);
}
