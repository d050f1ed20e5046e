#include <webpool/byte_source.hpp>

#include <stdexcept>
#include <string>

#include "catch.hpp"
#include "support/byte_sources.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// What is said of a source that can't be read.
std::string fault_of(const std::shared_ptr<ByteSource>& source, std::uint64_t offset = 0, std::size_t bytes = 10) {
  std::string text(bytes, '?');
  try {
    read_exactly(*source, offset, std::as_writable_bytes(std::span(text)));
    return "none";
  } catch (const Error& error) {
    CHECK(error.code() == errc::load_failed);
    return error.message();
  }
}

}  // namespace

TEST_CASE("what comes in pieces is put together", "[byte_source]") {
  for (const std::size_t most : {1u, 3u, 10u, 100u}) CHECK(text_of(piecemeal("0123456789", most)) == "0123456789");
  std::string middle(4, '?');
  read_exactly(*piecemeal("0123456789", 3), 5, std::as_writable_bytes(std::span(middle)));
  CHECK(middle == "5678");
  CHECK(fault_of(throwing(1, 10), 0, 0) == "none");  // it isn't asked for nothing
}

TEST_CASE("a source that breaks its contract is told as an error", "[byte_source]") {
  CHECK(fault_of(piecemeal("0123456", 3, 10)) == "its bytes end after 7");
  CHECK(fault_of(piecemeal("0123456", 3, 10), 8, 2) == "its bytes end after 8");
  CHECK(fault_of(source::generator(10, [](auto, auto into) { return into.size() + 1; })) ==
        "its source read 11 bytes where 10 were asked for");
  CHECK(fault_of(source::generator(10, [](auto, auto) { return std::size_t{0} - 1; })) ==
        "its source read 18446744073709551615 bytes where 10 were asked for");
}

TEST_CASE("what a source throws comes out as an error with its sentence", "[byte_source]") {
  CHECK(fault_of(throwing(std::runtime_error("no such block"), 10)) == "no such block");
  CHECK(fault_of(throwing(17, 10)) == "something was thrown that is not a std::exception");
  std::byte one{};
  try {
    read_exactly(*throwing(Error(errc::model_not_found, "gone"), 10), 0, {&one, 1});
    FAIL("it was read");
  } catch (const Error& error) {
    CHECK(error.code() == errc::model_not_found);
    CHECK(error.message() == "gone");
  }
}
