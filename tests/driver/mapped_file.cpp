#include <webpool/driver/mapped_file.hpp>

#include <cstring>

#include "../support/pool.hpp"

using webpool::driver::map_file;

TEST_CASE("a file's bytes can be looked at where it can be mapped") {
  const webpool::testing::TemporaryFolder folder;
  const auto mapped = map_file(folder.add("file", "some bytes"));
  REQUIRE(mapped);
  REQUIRE(mapped->size() == 10);
  CHECK(std::memcmp(mapped->data(), "some bytes", 10) == 0);
  CHECK_FALSE(map_file(folder.add("empty", "")));
  CHECK_FALSE(map_file(folder.path()));
  CHECK_FALSE(map_file(folder.path() / "absent"));
}
