#include "catch.hpp"

#include <set>
#include <string>
#include <system_error>
#include <type_traits>
#include <webpool/error.hpp>

namespace {

using namespace webpool;

static_assert(std::is_error_code_enum_v<errc>);
static_assert(std::is_nothrow_copy_constructible_v<std::error_code>);
static_assert(std::is_base_of_v<std::exception, Error>);

}  // namespace

TEST_CASE("an error has a code to branch on and a sentence to read", "[vocabulary]") {
  const Error error(errc::wrong_shape, "input 'x' needs [1, 4], given [4]");
  CHECK(error.code() == errc::wrong_shape);
  CHECK(error.code() != errc::wrong_datatype);
  CHECK(error.message() == "input 'x' needs [1, 4], given [4]");
  CHECK(std::string(error.what()) == error.message());
  CHECK(std::string(error.code().category().name()) == "webpool");
  CHECK(error.code().message() == "wrong shape");
}

TEST_CASE("an error's code is a standard one", "[vocabulary]") {
  const std::error_code code = errc::pool_closed;
  CHECK(code);
  CHECK(&code.category() == &error_category());
}

TEST_CASE("every code has a short message of its own", "[vocabulary]") {
  std::set<std::string> messages;
  for (int value = static_cast<int>(errc::invalid_options); value <= static_cast<int>(errc::message_too_large);
       ++value) {
    INFO(value);
    const std::string message = error_category().message(value);
    CHECK(message != "unknown error");
    CHECK(messages.insert(message).second);
  }
  CHECK(error_category().message(0) == "unknown error");
  CHECK(error_category().message(static_cast<int>(errc::message_too_large) + 1) == "unknown error");
}
