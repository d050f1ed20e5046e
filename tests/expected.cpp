#include "catch.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <webpool/expected.hpp>

namespace {

using namespace webpool;

static_assert(std::is_same_v<Expected<int>::value_type, int>);
static_assert(!std::is_convertible_v<Expected<int>, bool>);
static_assert(!std::is_copy_constructible_v<Expected<std::unique_ptr<int>>>);
static_assert(std::is_move_constructible_v<Expected<std::unique_ptr<int>>>);

Expected<std::string> answer(bool good) {
  if (good) return std::string("yes");
  return Error(errc::cancelled, "no");
}

}  // namespace

TEST_CASE("an expected value is there", "[vocabulary]") {
  Expected<std::string> result = answer(true);
  REQUIRE(result);
  CHECK(result.has_value());
  CHECK(*result == "yes");
  CHECK(result->size() == 3);
  CHECK(result.value() == "yes");
  CHECK(std::as_const(result).value() == "yes");
  *result += "!";
  CHECK(*std::as_const(result) == "yes!");
  CHECK(std::as_const(result)->size() == 4);
}

TEST_CASE("an error in a value's place is thrown when the value is asked for", "[vocabulary]") {
  Expected<std::string> result = answer(false);
  REQUIRE_FALSE(result);
  CHECK_FALSE(result.has_value());
  CHECK(result.error().code() == errc::cancelled);
  CHECK_THROWS_WITH(result.value(), "no");
  CHECK_THROWS_AS(std::as_const(result).value(), Error);
  CHECK_THROWS_AS(answer(false).value(), Error);
}

TEST_CASE("a value that only moves is moved out", "[vocabulary]") {
  Expected<std::unique_ptr<int>> result = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = std::move(result).value();
  CHECK(*taken == 5);
}
