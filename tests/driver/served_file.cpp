#include <webpool/driver/served_file.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

TEST_CASE("a file that stays on disk has the same size and hash as one that is kept in memory") {
  const TemporaryFolder folder;
  const auto path = folder.add("m.bin", std::string(3 << 20, 'm') + "end");
  driver::ServedFile small, large;
  std::size_t seen = 0;
  const auto look = [&](std::span<const std::byte> bytes) { seen += bytes.size(); };
  driver::serve_file(small, path, look);
  driver::serve_file(large, path, look, 1000);
  CHECK(large.sha256 == small.sha256);
  CHECK(large.size == small.size);
  CHECK(seen == 2 * small.size);
  CHECK(small.bytes->size() == small.size);
  CHECK_FALSE(small.file);
  CHECK_FALSE(large.bytes);
  CHECK(large.file->size() == large.size);
}

TEST_CASE("a file that can't be read is told by its path") {
  const TemporaryFolder folder;
  for (const auto& path : {folder.path(), folder.path() / "absent"}) {
    driver::ServedFile file;
    const Error error = error_of([&] { driver::serve_file(file, path, [](auto) {}); });
    CHECK(error.code() == errc::model_not_found);
    CHECK_THAT(error.message(), contains(path.string()));
  }
}
