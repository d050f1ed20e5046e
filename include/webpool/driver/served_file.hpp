#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>
#include <webpool/detail/file_reader.hpp>
#include <webpool/detail/read_file.hpp>
#include <webpool/detail/sha256.hpp>
#include <webpool/driver/mapped_file.hpp>
#include <webpool/error.hpp>

namespace webpool::driver {

/// Bytes that pages fetch by their hash.
struct ServedFile {
  std::string name;
  std::string sha256;
  std::size_t size = 0;                                 ///< bytes
  std::shared_ptr<const std::string> bytes;             ///< null when it stays on disk
  std::shared_ptr<webpool::detail::FileReader> file{};  ///< then
};

/// Larger files are read from disk whenever a page fetches them.
inline constexpr std::size_t most_in_memory = std::size_t{64} << 20;

[[noreturn]] inline void unreadable(const std::filesystem::path& path) {
  throw Error(errc::model_not_found, "can't read model file '" + path.string() + "'");
}

/// The hash of a file that is read piece by piece.
inline std::string hash_of(webpool::detail::FileReader& file, const std::filesystem::path& path) {
  webpool::detail::Sha256 hash;
  std::vector<std::byte> piece(std::size_t{1} << 20);
  for (std::size_t done = 0; done < file.size(); done += piece.size()) {
    piece.resize(std::min(piece.size(), file.size() - done));
    if (!file.read(done, piece)) unreadable(path);
    hash.update(piece);
  }
  return hash.hex();
}

/// Fills in what is served of the file at `path`, and shows its bytes to `look(std::span<const std::byte>)` before it
/// reads one of more than `most` bytes piece by piece. Throws `errc::model_not_found`, and what `look` throws.
template <class Look>
void serve_file(ServedFile& served, const std::filesystem::path& path, Look look,
                std::size_t most = most_in_memory) try {
  std::error_code failed;
  if (std::filesystem::file_size(path, failed) <= most || failed) {
    served.bytes = webpool::detail::read_file(path);
    if (!served.bytes) unreadable(path);
    const auto bytes = std::as_bytes(std::span(*served.bytes));
    served.size = bytes.size();
    look(bytes);
    served.sha256 = webpool::detail::sha256_hex(bytes);
  } else {
    served.file = webpool::detail::FileReader::open(path);
    if (!served.file) unreadable(path);
    served.size = served.file->size();
    look(MappedFile(path).bytes());
    served.sha256 = hash_of(*served.file, path);
  }
} catch (const std::system_error&) {
  unreadable(path);
}

}  // namespace webpool::driver
