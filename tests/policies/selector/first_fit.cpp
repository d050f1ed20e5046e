#include <webpool/policies/selector/first_fit.hpp>

#include <array>

#include "../../catch.hpp"

using namespace webpool;

namespace {
constexpr ConnectionIndex chosen() {
  constexpr std::array<ConnectionIndex, 3> tabs{{{7}, {2}, {5}}};
  return *selector::FirstFit().select(PoolView({}, tabs, 1), Request{});
}
}  // namespace

TEST_CASE("FirstFit takes the first candidate") {
  STATIC_REQUIRE(chosen() == ConnectionIndex{7});
  CHECK(chosen() == ConnectionIndex{7});
}
