#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <webpool/byte_source.hpp>
#include <webpool/source/file.hpp>

namespace webpool::detail {

/// A file's bytes; null when it is none or can't be read.
inline std::shared_ptr<const std::string> read_file(const std::filesystem::path& path) try {
  const auto file = source::detail::File::open(path);
  if (!file) return nullptr;
  auto bytes = std::make_shared<std::string>(static_cast<std::size_t>(file->size()), '\0');
  read_exactly(*file, 0, std::as_writable_bytes(std::span(*bytes)));
  return bytes;
} catch (const Error&) {
  return nullptr;
}

}  // namespace webpool::detail
