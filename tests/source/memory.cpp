#include <webpool/source/memory.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../catch.hpp"
#include "../support/byte_sources.hpp"

using namespace webpool;
using namespace webpool::testing;

template <class Container>
concept Taken = requires(Container container) {
  source::memory(container);
};
static_assert(Taken<std::string> && Taken<std::vector<std::byte>> && Taken<std::array<std::uint8_t, 3>>);
static_assert(!Taken<std::vector<float>>);
static_assert(!Taken<std::string_view> && !Taken<std::span<const std::byte>> && !Taken<const char*>,
              "they own nothing");

TEST_CASE("a container that is moved in is not copied, and stays where it is", "[source]") {
  std::vector<std::byte> bytes(1000, std::byte{7});
  const std::byte* where = bytes.data();
  const auto source = source::memory(std::move(bytes));
  CHECK(source->size() == 1000);
  CHECK(source->in_memory().data() == where);
  CHECK(source->in_memory().size() == 1000);
  CHECK(text_of(source) == std::string(1000, '\7'));
  CHECK_FALSE(source->on_disk());
  CHECK_FALSE(source->sha256());
}

TEST_CASE("bytes with an owner keep it alive", "[source]") {
  auto owner = std::make_shared<std::string>("model");
  const std::weak_ptr<std::string> watch = owner;
  auto source = source::memory(std::as_bytes(std::span(*owner)), owner);
  owner.reset();
  REQUIRE_FALSE(watch.expired());
  CHECK(text_of(source) == "model");
  source.reset();
  CHECK(watch.expired());
}

TEST_CASE("reading behind the end of memory gives nothing", "[source]") {
  const auto source = source::memory(std::string("0123456789"));
  std::array<std::byte, 4> into{};
  CHECK(source->read(8, into) == 2);
  CHECK(source->read(10, into) == 0);
  CHECK(source->read(std::uint64_t{1} << 63, into) == 0);
  CHECK(source::memory(std::string())->size() == 0);
}
