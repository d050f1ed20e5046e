#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

namespace webpool::detail {

/// A regular file that stays open and is read piece by piece. For one thread at a time.
class FileReader {
 public:
  /// Null if there is no such file, or it can't be read.
  static std::shared_ptr<FileReader> open(const std::filesystem::path& path) {
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed)) return nullptr;
    const auto size = std::filesystem::file_size(path, failed);
    if (failed) return nullptr;
    std::ifstream file(path, std::ios::binary);
    if (!file) return nullptr;
    return std::shared_ptr<FileReader>(new FileReader(std::move(file), static_cast<std::size_t>(size)));
  }

  /// The size when it was opened.
  std::size_t size() const noexcept { return size_; }

  /// Fills `into` with the bytes from `offset` on; false if the file has become shorter, or can no longer be read.
  bool read(std::size_t offset, std::span<std::byte> into) {
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    return into.empty() ||
           file_.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size())).good();
  }

 private:
  FileReader(std::ifstream file, std::size_t size) : file_(std::move(file)), size_(size) {}

  std::ifstream file_;
  std::size_t size_;
};

}  // namespace webpool::detail
