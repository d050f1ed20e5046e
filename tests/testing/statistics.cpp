#include <array>
#include <webpool/testing/statistics.hpp>

#include "../catch.hpp"

using namespace webpool;

TEST_CASE("quantiles are values that were there") {
  const std::vector<double> values{4, 1, 3, 2};
  CHECK(testing::quantile(values, 0) == 1);
  CHECK(testing::quantile(values, 0.5) == 2);
  CHECK(testing::quantile(values, 0.51) == 3);
  CHECK(testing::quantile(values, 0.99) == 4);
  CHECK(testing::quantile(values, 1) == 4);
  CHECK(testing::quantile({}, 0.5) == 0);
}

TEST_CASE("mean") {
  CHECK(testing::mean(std::array{1.0, 2.0, 6.0}) == 3);
  CHECK(testing::mean({}) == 0);
}

TEST_CASE("Jain's index: 1 when all have the same, 1/n when one has it all") {
  CHECK(testing::fairness(std::array{5.0, 5.0, 5.0}) == Approx(1));
  CHECK(testing::fairness(std::array{5.0, 0.0, 0.0, 0.0}) == Approx(0.25));
  CHECK(testing::fairness(std::array{2.0, 1.0}) == Approx(0.9));
  CHECK(testing::fairness({}) == 1);
}
