#include <webpool/driver/mapped_file.hpp>

#include <cstring>

#include "../support/pool.hpp"

using webpool::driver::MappedFile;

TEST_CASE("a file's bytes can be looked at where it can be mapped") {
  const webpool::testing::TemporaryFolder folder;
  const MappedFile mapped(folder.add("file", "some bytes"));
  REQUIRE(mapped.bytes().size() == 10);
  CHECK(std::memcmp(mapped.bytes().data(), "some bytes", 10) == 0);
  for (const auto& path : {folder.add("empty", ""), folder.path(), folder.path() / "absent"})
    CHECK_THROWS_AS(MappedFile(path), std::system_error);
}
