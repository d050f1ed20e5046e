#include <webpool/detail/read_file.hpp>

#include "../support/pool.hpp"

using webpool::detail::read_file;

TEST_CASE("a file is read whole, and what is no file is null") {
  const webpool::testing::TemporaryFolder folder;
  const std::string bytes("a\0b\n", 4);
  const auto read = read_file(folder.add("file", bytes));
  REQUIRE(read);
  CHECK(*read == bytes);
  CHECK(read_file(folder.add("empty", ""))->empty());
  CHECK_FALSE(read_file(folder.path()));
  CHECK_FALSE(read_file(folder.path() / "absent"));
  CHECK_FALSE(read_file(""));
}
