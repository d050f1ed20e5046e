#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <webpool/detail/file_reader.hpp>

namespace webpool::detail {

/// A file's bytes; null if it is not a regular file or can't be read.
inline std::shared_ptr<const std::string> read_file(const std::filesystem::path& path) {
  const auto file = FileReader::open(path);
  if (!file) return nullptr;
  auto bytes = std::make_shared<std::string>(file->size(), '\0');
  return file->read(0, std::as_writable_bytes(std::span(*bytes))) ? bytes : nullptr;
}

}  // namespace webpool::detail
