#include <webpool/source/file.hpp>

#include <string>
#include <thread>
#include <vector>

#include "../support/byte_sources.hpp"
#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

std::string read(ByteSource& file, std::uint64_t offset, std::size_t bytes) try {
  std::string text(bytes, '?');
  read_exactly(file, offset, std::as_writable_bytes(std::span(text)));
  return text;
} catch (const Error& error) {
  return error.message();
}

}  // namespace

TEST_CASE("a file is read from wherever it is asked for, and what is no file is refused", "[source]") {
  const TemporaryFolder folder;
  const auto path = folder.add("file", "0123456789");
  const auto file = source::file(path);
  CHECK(file->size() == 10);
  CHECK(read(*file, 3, 4) == "3456");
  CHECK(read(*file, 0, 10) == "0123456789");
  CHECK(read(*file, 10, 0).empty());
  CHECK(read(*file, 8, 3) == "its bytes end after 10");
  CHECK(read(*file, 9, 1) == "9");  // and goes on after that
  CHECK(file->in_memory().empty());
  CHECK(file->on_disk().value().path == path);
  for (const auto& none : {folder.path(), folder.path() / "absent"}) {
    const Error error = error_of([&] { source::file(none); });
    CHECK(error.code() == errc::model_not_found);
    CHECK(error.message() == "can't read file '" + none.string() + "'");
  }
}

TEST_CASE("a file that becomes shorter while it is open fails where it ends now", "[source]") {
  const TemporaryFolder folder;
  const auto path = folder.add("file", std::string(100'000, 'x'));
  const auto file = source::file(path);
  std::filesystem::resize_file(path, 10);
  CHECK(file->size() == 100'000);
  CHECK(read(*file, 50'000, 10) == "its bytes end after 50000");
}

TEST_CASE("several threads may read a file at once", "[source]") {
  const TemporaryFolder folder;
  std::string bytes;
  for (unsigned i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * i);
  const auto file = source::file(folder.add("file", bytes));
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (std::size_t each = 0; each < 4; ++each)
    threads.emplace_back([&, each] {
      for (std::size_t i = each; i < 2000; i += 4) right += read(*file, i * 49, 40) == bytes.substr(i * 49, 40);
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == 2000);
}

TEST_CASE("a folder is asked for files by name", "[source]") {
  const TemporaryFolder folder;
  folder.add("weights.bin", "w");
  const FindSource find = source::folder(folder.path());
  CHECK(text_of(find("weights.bin")) == "w");
  CHECK_FALSE(find("bias.bin"));
}
