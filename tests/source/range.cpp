#include <webpool/source/range.hpp>

#include <webpool/source/file.hpp>
#include <webpool/source/memory.hpp>

#include "../support/byte_sources.hpp"
#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

TEST_CASE("a range is a part of its source, and of what that knows about itself", "[source]") {
  const auto memory = source::memory(std::string("0123456789"));
  const auto middle = source::range(memory, 3, 5);
  CHECK(middle->size() == 5);
  CHECK(text_of(middle) == "34567");
  CHECK(middle->in_memory().data() == memory->in_memory().data() + 3);
  CHECK(middle->in_memory().size() == 5);
  CHECK_FALSE(middle->on_disk());
  CHECK(text_of(source::range(middle, 1, 3)) == "456");
  CHECK(text_of(source::range(piecemeal("0123456789", 2), 3, 5)) == "34567");
  CHECK(source::range(piecemeal("0123456789", 2), 3, 5)->in_memory().empty());

  const TemporaryFolder folder;
  const auto file = source::range(source::range(source::file(folder.add("file", "0123456789")), 2, 8), 1, 4);
  CHECK(text_of(file) == "3456");
  CHECK(file->on_disk().value().offset == 3);
}

TEST_CASE("a range gives nothing from outside of it", "[source]") {
  const auto middle = source::range(source::memory(std::string("0123456789")), 3, 5);
  std::array<std::byte, 4> into{};
  CHECK(middle->read(3, into) == 2);
  CHECK(middle->read(5, into) == 0);
  CHECK(middle->read(std::uint64_t{0} - 2, into) == 0);
}

TEST_CASE("a range that isn't there is refused", "[source]") {
  const auto memory = source::memory(std::string("0123456789"));
  CHECK(source::range(memory, 10, 0)->size() == 0);
  for (const auto& [offset, size] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 11}, {11, 0}, {5, 6}, {std::uint64_t{0} - 1, 2}, {2, std::uint64_t{0} - 1}}) {
    CAPTURE(offset, size);
    CHECK(error_of([&, from = offset, bytes = size] { source::range(memory, from, bytes); }).code() ==
          errc::invalid_options);
  }
}
