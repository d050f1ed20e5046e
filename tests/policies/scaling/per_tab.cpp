#include <webpool/policies/scaling/per_tab.hpp>

#include "../../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("PerTab rises at once and falls slowly, however often it is asked") {
  const auto after_ten_seconds = [](Duration step) {
    scaling::detail::PerTab per_tab(0.2);
    CHECK(per_tab.update(TimePoint(0s), 4, 2) == 2);
    CHECK(per_tab.update(TimePoint(0s), 8, 2) == 4);
    for (Duration time = step; time <= 10s; time += step) per_tab.update(TimePoint(time), 8, 8);
    return per_tab.value();
  };
  CHECK(after_ten_seconds(100ms) == Approx(3.2));
  CHECK(after_ten_seconds(2s) == Approx(3.2));
}

TEST_CASE("PerTab without a tab, or with a clock that goes backwards, keeps what it knows") {
  scaling::detail::PerTab per_tab;
  CHECK(per_tab.update(TimePoint(0s), 0, 0) == 0);
  CHECK(per_tab.update(TimePoint(1s), 3, 1) == 3);
  CHECK(per_tab.update(TimePoint(1s), 0, 0) == 3);
  CHECK(per_tab.update(TimePoint(0s), 0, 1) == 3);
}
