#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <webpool/byte_source.hpp>
#include <webpool/error.hpp>

namespace webpool::source {

namespace detail {

/// A regular file that stays open and is read piece by piece.
class File final : public ByteSource {
 public:
  /// Null when there is none, or it can't be read.
  static std::shared_ptr<File> open(const std::filesystem::path& path) {
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed)) return nullptr;
    const auto size = std::filesystem::file_size(path, failed);
    if (failed) return nullptr;
    std::ifstream file(path, std::ios::binary);
    if (!file) return nullptr;
    return std::shared_ptr<File>(new File(std::move(file), size, path));
  }

  /// When it was opened.
  std::uint64_t size() const override { return size_; }
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) override {
    const std::lock_guard lock(one_at_a_time_);
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    file_.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
    return static_cast<std::size_t>(file_.gcount());
  }
  std::optional<FileExtent> on_disk() const override { return FileExtent{path_, 0}; }

 private:
  File(std::ifstream file, std::uint64_t size, std::filesystem::path path)
      : file_(std::move(file)), size_(size), path_(std::move(path)) {}

  std::mutex one_at_a_time_;
  std::ifstream file_;
  std::uint64_t size_;
  std::filesystem::path path_;
};

}  // namespace detail

/// A file, which stays open as long as the source lives. Throws `errc::model_not_found`.
inline std::shared_ptr<ByteSource> file(const std::filesystem::path& path) {
  if (auto opened = detail::File::open(path)) return opened;
  throw Error(errc::model_not_found, "can't read file '" + path.string() + "'");
}

/// The files of a folder, by name, for a model with external data that is not in it itself.
inline FindSource folder(std::filesystem::path of) {
  return [of = std::move(of)](std::string_view name) { return detail::File::open(of / name); };
}

}  // namespace webpool::source
