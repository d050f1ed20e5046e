#include <webpool/detail/file_reader.hpp>

#include <string>

#include "../support/pool.hpp"

using webpool::detail::FileReader;

namespace {

std::string read(FileReader& file, std::size_t offset, std::size_t bytes) {
  std::string text(bytes, '?');
  return file.read(offset, std::as_writable_bytes(std::span(text))) ? text : "failed";
}

}  // namespace

TEST_CASE("a file is read from wherever it is asked for, and what is no file is null") {
  const webpool::testing::TemporaryFolder folder;
  const auto file = FileReader::open(folder.add("file", "0123456789"));
  REQUIRE(file);
  CHECK(file->size() == 10);
  CHECK(read(*file, 3, 4) == "3456");
  CHECK(read(*file, 0, 10) == "0123456789");
  CHECK(read(*file, 10, 0).empty());
  CHECK(read(*file, 8, 3) == "failed");
  CHECK(read(*file, 9, 1) == "9");  // and goes on after that
  CHECK_FALSE(FileReader::open(folder.path()));
  CHECK_FALSE(FileReader::open(folder.path() / "absent"));
}

TEST_CASE("a file that becomes shorter while it is open fails where it ends now") {
  const webpool::testing::TemporaryFolder folder;
  const auto path = folder.add("file", std::string(100'000, 'x'));
  const auto file = FileReader::open(path);
  REQUIRE(file);
  std::filesystem::resize_file(path, 10);
  CHECK(file->size() == 100'000);
  CHECK(read(*file, 50'000, 10) == "failed");
}
