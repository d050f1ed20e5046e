#include <webpool/driver/served_file.hpp>

#include <stdexcept>
#include <webpool/source/file.hpp>
#include <webpool/source/range.hpp>

#include "../support/byte_sources.hpp"
#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;
using driver::serve, driver::ServedFile;

namespace {

std::string hash_of(std::string_view bytes) { return webpool::detail::sha256_hex(std::as_bytes(std::span(bytes))); }

/// Serves the source; what was looked at.
std::string served(ServedFile& file, std::shared_ptr<ByteSource> source, std::size_t most = driver::most_in_memory) {
  std::string seen;
  serve(
      file, std::move(source),
      [&](std::span<const std::byte> bytes) { seen.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()); },
      most);
  return seen;
}

/// What is said of a source that breaks its contract.
std::string fault_of(std::shared_ptr<ByteSource> source, std::size_t most = driver::most_in_memory) {
  ServedFile file;
  const Error error = error_of([&] { serve(file, std::move(source), {}, most); });
  CHECK(error.code() == errc::load_failed);
  CHECK_FALSE(file.source);
  return error.message();
}

/// Says what it has in memory, whatever that is.
struct Shown : ByteSource {
  std::uint64_t says = 0;
  std::string text;
  std::optional<std::string> hash;
  int reads = 0;
  std::uint64_t size() const override { return says; }
  std::size_t read(std::uint64_t, std::span<std::byte>) override { return ++reads, 0; }
  std::span<const std::byte> in_memory() const noexcept override { return std::as_bytes(std::span(text)); }
  std::optional<std::string> sha256() const override { return hash; }
};

}  // namespace

TEST_CASE("whether bytes stay where they are or come into memory, they have the same size and hash") {
  const TemporaryFolder folder;
  const std::string bytes = std::string(3 << 20, 'm') + "end";
  const auto path = folder.add("m.bin", bytes), archive = folder.add("archive", "12345" + bytes + "678");
  for (const std::size_t most : {std::size_t{1000}, driver::most_in_memory})
    for (const auto& source :
         {source::file(path), source::range(source::file(archive), 5, bytes.size()), piecemeal(bytes, 700'000)}) {
      CAPTURE(most);
      ServedFile file;
      CHECK(served(file, source, most) == bytes);
      CHECK(file.sha256 == hash_of(bytes));
      CHECK(file.size == bytes.size());
      CHECK((file.source == source) == (most == 1000));
      CHECK(file.source->in_memory().empty() == (most == 1000));
      CHECK(text_of(file.source) == bytes);
    }
}

TEST_CASE("what is in memory is served from there, without a copy, however large") {
  for (const std::size_t most : {std::size_t{3}, driver::most_in_memory}) {
    const auto shown = std::make_shared<Shown>();
    shown->text = "model";
    shown->says = 5;
    ServedFile file;
    serve(
        file, shown, [&](std::span<const std::byte> bytes) { CHECK(bytes.data() == shown->in_memory().data()); }, most);
    CHECK(file.source == shown);
    CHECK(file.sha256 == hash_of("model"));
    CHECK(shown->reads == 0);
  }
}

TEST_CASE("a hash that the source knows is taken, and saves reading the bytes") {
  const std::string known(64, 'a');
  std::uint64_t read = 0;
  const auto count = [&](std::uint64_t, std::span<std::byte> into) { return read += into.size(), into.size(); };
  ServedFile file;
  serve(file, source::generator(1 << 20, count, known), {}, 1000);
  CHECK(file.sha256 == known);
  CHECK(read == 0);
  for (const std::string& none : {std::string(), std::string(64, 'A'), std::string(63, 'a'), std::string(64, '/')})
    CHECK(fault_of(source::generator(1 << 20, count, none)) == "its source says that '" + none + "' is a SHA-256");
}

TEST_CASE("a load reads a source once, however large") {
  const std::string text(3'000'000, 'a');
  for (const std::size_t most : {std::size_t{1000}, driver::most_in_memory}) {
    std::uint64_t read = 0;
    const auto source = source::generator(text.size(), [&](std::uint64_t, std::span<std::byte> into) {
      std::ranges::fill(into, std::byte{'a'});
      return read += into.size(), into.size();
    });
    ServedFile looked_at, only_served;
    CHECK(served(looked_at, source, most) == text);
    CHECK(looked_at.sha256 == hash_of(text));
    serve(only_served, source, {}, most);
    CHECK(only_served.sha256 == hash_of(text));
    CHECK(read == 2 * text.size());
  }
}

TEST_CASE("an empty source has no bytes and the hash of none") {
  ServedFile file;
  CHECK(served(file, piecemeal("", 1)).empty());
  CHECK(file.size == 0);
  CHECK(file.sha256 == hash_of(""));
}

TEST_CASE("a source that lies about its size is refused before it takes memory") {
  for (const std::size_t most : {std::size_t{3}, driver::most_in_memory})
    CHECK(fault_of(piecemeal("0123456", 3, 10), most) == "its bytes end after 7");
  ServedFile file;
  const auto huge = [](std::uint64_t bytes) { return piecemeal("0123456", 3, bytes); };
  CHECK(error_of([&] { served(file, huge(2'000'000'000)); }).message() == "its bytes end after 7");
  CHECK(error_of([&] { served(file, huge(std::uint64_t{1} << 60)); }).code() == errc::model_invalid);
  CHECK(fault_of(huge(std::uint64_t{1} << 60)) == "its bytes end after 7");
  const auto shown = std::make_shared<Shown>();
  shown->text = "model";
  shown->says = 6;
  CHECK(fault_of(shown) == "its source says that it has 6 bytes, and shows 5");

  const TemporaryFolder folder;
  const auto path = folder.add("m.bin", std::string(1000, 'm'));
  const auto source = source::file(path);
  std::filesystem::resize_file(path, 999);
  CHECK(error_of([&] { served(file, source, 10); }).message() ==
        "the file '" + path.string() + "' is too short for it");
  std::filesystem::remove(path);
  CHECK(error_of([&] { served(file, source, 10); }).code() == errc::load_failed);
}

TEST_CASE("what a source throws, whichever function, is an error") {
  struct Throws : ByteSource {
    int where = 0;
    void fail(int here) const {
      if (where == here) throw std::runtime_error("it was number " + std::to_string(here));
    }
    std::uint64_t size() const override { return fail(0), 100; }
    std::size_t read(std::uint64_t, std::span<std::byte> into) override { return fail(1), into.size(); }
    std::optional<std::string> sha256() const override { return fail(2), std::nullopt; }
    std::optional<FileExtent> on_disk() const override { return fail(3), std::nullopt; }
  };
  for (int where = 0; where < 4; ++where) {
    const auto source = std::make_shared<Throws>();
    source->where = where;
    ServedFile file;
    const Error error = error_of([&] { served(file, source, 10); });
    CHECK(error.code() == errc::load_failed);
    CHECK(error.message() == "it was number " + std::to_string(where));
  }
}

TEST_CASE("whatever is read or hashed stops soon after it was interrupted") {
  const std::string bytes(5 << 20, 'b');
  const std::size_t most = GENERATE(std::size_t{1000}, driver::most_in_memory);
  driver::Interrupt interrupt;
  std::size_t reads = 0;
  const auto third = source::generator(bytes.size(), [&](std::uint64_t, std::span<std::byte> into) {
    if (++reads == 3) interrupt.raise();
    return into.size();
  });
  ServedFile file;
  CHECK(error_of([&] { serve(file, third, {}, most, interrupt); }).code() == errc::cancelled);
  CHECK(reads == 3);
  CHECK(error_of([&] { serve(file, source::memory(bytes), {}, most, interrupt); }).code() == errc::cancelled);
  CHECK_FALSE(file.source);
}
