#include "catch.hpp"

#include <array>
#include <cstdint>
#include <sstream>
#include <vector>
#include <webpool/shape.hpp>

namespace {

using namespace webpool;

constexpr std::int64_t large = std::int64_t{1} << 30;
static_assert(Shape{}.rank() == 0 && Shape{}.elements() == 1);
static_assert(Shape{2, 3, 4}.rank() == 3 && Shape{2, 3, 4}[1] == 3 && Shape{2, 3, 4}.elements() == 24);
static_assert(Shape{5, 0, 7}.elements() == 0);
static_assert(Shape{large, large}.elements() == std::size_t{1} << 60);
static_assert(Shape{large, large, large, 0}.elements() == 0);
static_assert(Shape{1, 2} == Shape{1, 2} && Shape{1, 2} != Shape{2, 1} && Shape{1} != Shape{1, 1} &&
              Shape{} != Shape{1});
static_assert(Shape{Shape::any, 3}.accepts({7, 3}) && Shape{Shape::any}.accepts({0}));
static_assert(!Shape{Shape::any, 3}.accepts({7, 4}) && !Shape{Shape::any, 3}.accepts({3}) &&
              !Shape{3}.accepts({Shape::any}));

}  // namespace

TEST_CASE("a shape prints as a list, its free extents as question marks", "[vocabulary]") {
  CHECK(to_string(Shape{1, 256}) == "[1, 256]");
  CHECK(to_string(Shape{}) == "[]");
  std::ostringstream out;
  out << Shape{Shape::any, 10};
  CHECK(out.str() == "[?, 10]");
}

TEST_CASE("a shape that no tensor has is refused", "[vocabulary]") {
  CHECK_THROWS_WITH((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), "a tensor can have at most 8 dimensions, not 9");
  CHECK_THROWS_WITH((Shape{2, -2}), "an extent can't be -2");
  CHECK_THROWS_WITH((Shape{large, large, 2}),
                    "a tensor can have at most 2^60 elements; the shape is [1073741824, 1073741824, 2]");
  CHECK_THROWS_WITH((Shape{Shape::any, large, large, 2}),
                    "a tensor can have at most 2^60 elements; the shape is [?, 1073741824, 1073741824, 2]");
  CHECK_THROWS_AS((Shape{std::int64_t{1} << 32, std::int64_t{1} << 32}), Error);
  CHECK_NOTHROW(Shape{1, 1, 1, 1, 1, 1, 1, 1});
}

TEST_CASE("a shape is made of extents known at run time", "[vocabulary]") {
  const std::vector<std::int64_t> extents{4, 5};
  CHECK(Shape(extents) == Shape{4, 5});
  CHECK(Shape(extents).extents().size() == 2);
}
