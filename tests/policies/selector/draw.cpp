#include <webpool/policies/selector/draw.hpp>

#include <array>

#include "../../catch.hpp"

using webpool::selector::Draw;

TEST_CASE("draws are uniform, and the same for the same seed") {
  Draw draw, same;
  std::array<int, 7> drawn{};
  for (int i = 0; i < 70'000; ++i) {
    const std::size_t each = draw.below(7);
    REQUIRE(each == same.below(7));
    ++drawn.at(each);
  }
  for (const int each : drawn) CHECK(each == Approx(10'000).epsilon(0.05));
}

TEST_CASE("a seed of 0 is as good as any") {
  STATIC_REQUIRE(Draw(0).below(1000) != Draw(2).below(1000));
  Draw draw(0);
  std::size_t sum = 0;
  for (int i = 0; i < 1000; ++i) sum += draw.below(100);
  CHECK(sum > 40'000);
}
