#pragma once

#include <filesystem>
#include <fstream>
#include <ios>
#include <memory>
#include <string>
#include <system_error>

namespace webpool::detail {

/// A file's bytes; null when it is none or can't be read.
inline std::shared_ptr<const std::string> read_file(const std::filesystem::path& path) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) return nullptr;
  const auto size = std::filesystem::file_size(path, failed);
  if (failed) return nullptr;
  auto bytes = std::make_shared<std::string>(size, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(bytes->data(), static_cast<std::streamsize>(size))) return nullptr;
  return bytes;
}

}  // namespace webpool::detail
