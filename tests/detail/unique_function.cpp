#include "../catch.hpp"

#include <memory>
#include <webpool/detail/unique_function.hpp>

using webpool::detail::UniqueFunction;

static_assert(!std::is_copy_constructible_v<UniqueFunction<void()>>);
static_assert(std::is_nothrow_move_constructible_v<UniqueFunction<void()>>);
static_assert(!std::is_constructible_v<UniqueFunction<int()>, void (*)()>);

TEST_CASE("a function may own what can't be copied", "[detail]") {
  UniqueFunction<int(int)> add = [number = std::make_unique<int>(40)](int more) { return *number + more; };
  CHECK(add(2) == 42);
  UniqueFunction<int(int)> moved = std::move(add);
  CHECK(moved(1) == 41);
  CHECK_FALSE(add);  // NOLINT(bugprone-use-after-move)
  CHECK_FALSE(UniqueFunction<void()>());
}

TEST_CASE("arguments are passed on without a copy", "[detail]") {
  UniqueFunction<int(std::unique_ptr<int>)> take = [](std::unique_ptr<int> number) { return *number; };
  CHECK(take(std::make_unique<int>(7)) == 7);
}
