#include <webpool/source/tar_archive.hpp>

#include <cstdlib>
#include <random>
#include <webpool/source/file.hpp>
#include <webpool/source/memory.hpp>

#include "../support/byte_sources.hpp"
#include "../support/pool.hpp"
#include "../support/tar_file.hpp"

using namespace webpool;
using namespace webpool::testing;
using source::TarArchive;
using Names = std::vector<std::string>;

namespace {

TarArchive archive(std::string bytes) { return TarArchive(source::memory(std::move(bytes))); }

std::string complaint(std::string bytes) {
  const Error error = error_of([&] { archive(std::move(bytes)); });
  CHECK(error.code() == errc::model_invalid);
  return error.message();
}

}  // namespace

TEST_CASE("entries of an archive are ranges of it", "[source]") {
  const std::string bytes = tar_entry("a.txt", "first") + tar_entry("folder/", "", '5') +
                            tar_entry("folder/b.txt", std::string(1000, 'b')) + tar_entry("empty", "") + tar_end;
  const auto memory = source::memory(bytes);
  const TarArchive read(memory);
  CHECK(read.names() == Names{"a.txt", "empty", "folder/b.txt"});
  CHECK(text_of(read.find("a.txt")) == "first");
  CHECK(read.find("a.txt")->in_memory().data() == memory->in_memory().data() + 512);
  CHECK(text_of(read.find("folder/b.txt")) == std::string(1000, 'b'));
  CHECK(read.find("empty")->size() == 0);
  CHECK_FALSE(read.find("b.txt"));
  CHECK(archive(tar_end).names().empty());
}

TEST_CASE("archives as tar writes them are read, whatever their format", "[source]") {
  const TemporaryFolder folder;
  const std::string deep = std::string(90, 'd') + '/' + std::string(90, 'e'), far = std::string(200, 'f');
  std::filesystem::create_directories(folder.path() / "in" / std::string(90, 'd'));
  folder.add("in/a.txt", "first");
  folder.add("in/" + deep, "second");
  folder.add("in/" + far, std::string(100'000, 'x'));
  const auto tar = [&](const std::string& options, const std::string& files) {
    const std::string out = (folder.path() / "out.tar").string();
    REQUIRE(std::system(("tar -C '" + (folder.path() / "in").string() + "' -cf '" + out + "' " + options + " " + files)
                            .c_str()) == 0);
    return TarArchive(source::file(out));
  };
  for (const char* format : {"--format=gnu", "--format=pax"}) {
    CAPTURE(format);
    const TarArchive all = tar(format, ".");
    CHECK(all.names() == Names{"a.txt", deep, far});
    CHECK(text_of(all.find(deep)) == "second");
    CHECK(text_of(all.find(far)) == std::string(100'000, 'x'));
    CHECK(all.find(far)->on_disk().value().path == folder.path() / "out.tar");
  }
  for (const char* format : {"--format=ustar", "--format=v7"}) CHECK(tar(format, "a.txt").names() == Names{"a.txt"});
  CHECK(tar("--format=ustar", deep).names() == Names{deep});
}

TEST_CASE("of two entries of one name the last counts, as when tar unpacks them", "[source]") {
  CHECK(text_of(archive(tar_entry("./a", "old") + tar_entry("a", "new") + tar_end).find("a")) == "new");
}

TEST_CASE("a model of an archive has the files beside it there as its external data", "[source]") {
  const TarArchive read = archive(tar_entry("net/model.onnx", "m") + tar_entry("net/w.bin", "inner") +
                                  tar_entry("w.bin", "outer") + tar_entry("flat.onnx", "f") + tar_end);
  const ModelBytes model = read.model("net/model.onnx");
  CHECK(model.name == "model");
  CHECK(text_of(model.source) == "m");
  CHECK(text_of(model.external("w.bin")) == "inner");
  CHECK_FALSE(model.external("bias.bin"));
  CHECK(text_of(read.model("flat.onnx").external("w.bin")) == "outer");
  const Error error = error_of([&] { read.model("none.onnx"); });
  CHECK(error.code() == errc::model_not_found);
  CHECK(error.message() == "there is no 'none.onnx' in the archive");
}

TEST_CASE("what is no archive, or not a whole one, is refused with the place", "[source]") {
  const std::string entry = tar_entry("a.txt", "first");
  CHECK_THAT(complaint(""), contains("at byte 0: the archive ends without an end mark"));
  CHECK_THAT(complaint(entry), contains("at byte 1024: the archive ends without an end mark"));
  CHECK_THAT(complaint(std::string(1024, 'x')), contains("at byte 0: a field of its header is no octal number"));
  CHECK_THAT(complaint(tar_header("a", 2000) + tar_end), contains("its 2000 bytes reach beyond the archive's end"));
  std::string header = tar_header("a", 5);
  header[0] = 'b';
  CHECK_THAT(complaint(header + tar_end), contains("no header with the sum that it names"));
  header.replace(124, 11, "99999999999");
  seal(header);
  CHECK_THAT(complaint(header + tar_end), contains("no octal number"));
  CHECK_THAT(complaint(tar_entry("p", "99 path=x\n", 'x') + tar_end), contains("a record of pax is damaged"));
  CHECK_THAT(complaint(tar_entry("p", "0 ", 'x') + tar_end), contains("a record of pax is damaged"));
  CHECK_THAT(complaint(tar_entry("p", "12 size=1x0\n", 'x') + tar_end), contains("a size of pax is no number"));
  CHECK_THAT(complaint(tar_entry("p", "27 size=18446744073709551615\n", 'x') + entry + tar_end),
             contains("pax is damaged"));
  CHECK_THAT(complaint(tar_entry("p", "29 size=18446744073709551615\n", 'x') + entry + tar_end),
             contains("its 18446744073709551615 bytes reach beyond"));
}

TEST_CASE("no damage to an archive makes its reader look outside of it", "[source]") {
  const std::string whole = tar_entry("p", "19 path=longer.bin\n", 'x') + tar_entry("a.txt", "first") +
                            tar_entry("././@LongLink", "name", 'L') + tar_entry("b.txt", "second") + tar_end;
  CHECK(archive(whole).names() == Names{"longer.bin", "name"});
  std::mt19937 random(1);
  int read = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = whole;
    for (int j = 0; j <= i % 3; ++j) damaged[random() % damaged.size()] = static_cast<char>(random());
    if (i % 2)
      for (std::size_t at = 0; at + 512 <= damaged.size(); at += 1024) {
        std::string header = damaged.substr(at, 512);
        seal(header);
        damaged.replace(at, 512, header);
      }
    try {
      const TarArchive files = archive(damaged);
      for (const auto& name : files.names()) text_of(files.find(name));
      ++read;
    } catch (const Error& error) {
      CHECK(error.code() == errc::model_invalid);
    }
  }
  CHECK(read > 0);
}

TEST_CASE("an archive whose source fails tells that", "[source]") {
  const Error error = error_of([] { TarArchive(throwing(std::runtime_error("no disk"), 10'000)); });
  CHECK(error.code() == errc::load_failed);
  CHECK(error.message() == "no disk");
}
