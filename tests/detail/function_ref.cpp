#include <webpool/detail/function_ref.hpp>

#include <memory>
#include <string>

#include "../catch.hpp"

using webpool::detail::FunctionRef;

namespace {

int twice(int value) { return 2 * value; }

int call(FunctionRef<int(int)> function) { return function(21); }

}  // namespace

TEST_CASE("a reference calls what it refers to, whatever that is") {
  CHECK(call(&twice) == 42);
  CHECK(call([](int value) { return value + 1; }) == 22);
  int calls = 0;
  auto counting = [&calls](int value) mutable { return ++calls + value; };
  call(counting);
  CHECK(call(counting) == 23);
  CHECK(calls == 2);
}

TEST_CASE("arguments pass through by reference and by move") {
  std::string text;
  const auto add = [](std::string& out, std::unique_ptr<std::string> tail) { out += *tail; };
  const FunctionRef<void(std::string&, std::unique_ptr<std::string>)> reference(add);
  reference(text, std::make_unique<std::string>("yz"));
  CHECK(text == "yz");
}

static_assert(sizeof(FunctionRef<int(int)>) == 2 * sizeof(void*));
static_assert(!std::is_constructible_v<FunctionRef<int(int)>, int>);
static_assert(!std::is_constructible_v<FunctionRef<int(int)>, std::string (*)()>);
