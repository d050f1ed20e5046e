#include <cmath>
#include <webpool/testing/random.hpp>

#include "../catch.hpp"

using webpool::testing::Random;

TEST_CASE("one seed, one sequence, on every standard library") {
  constexpr auto third = [](std::uint64_t seed, std::uint64_t stream) {
    Random random(seed, stream);
    random.bits();
    random.bits();
    return random.bits();
  };
  static_assert(third(1, 0) == third(1, 0));
  static_assert(third(1, 0) != third(2, 0));
  static_assert(third(1, 0) != third(1, 1));
  CHECK(third(1, 0) == 0x667188eca797006d);
}

TEST_CASE("draws have the moments that they should have") {
  Random random(7);
  constexpr int draws = 200'000;
  double uniform = 0, exponential = 0, normal = 0, squares = 0;
  int threes = 0;
  for (int i = 0; i < draws; ++i) {
    uniform += random.uniform();
    exponential += random.exponential();
    const double z = random.normal();
    normal += z;
    squares += z * z;
    threes += random.below(10) == 3;
  }
  CHECK(uniform / draws == Approx(0.5).epsilon(0.01));
  CHECK(exponential / draws == Approx(1).epsilon(0.01));
  CHECK(std::abs(normal / draws) < 0.01);
  CHECK(squares / draws == Approx(1).epsilon(0.02));
  CHECK(threes == Approx(draws / 10).epsilon(0.03));
}
