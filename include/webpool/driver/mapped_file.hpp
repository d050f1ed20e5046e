#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace webpool::driver {

/// A file's bytes in memory that only those take which are looked at. Null when it can't be mapped; an empty file
/// can't.
///
/// Whoever looks at bytes of a file that has become shorter meanwhile is ended by the system: keep this for moments.
inline std::shared_ptr<const std::span<const std::byte>> map_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  struct ::stat facts {};
  void* begin = MAP_FAILED;
  if (::fstat(file, &facts) == 0 && facts.st_size > 0)
    begin = ::mmap(nullptr, static_cast<std::size_t>(facts.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  ::close(file);
  if (begin == MAP_FAILED) return nullptr;
  const std::span bytes(static_cast<const std::byte*>(begin), static_cast<std::size_t>(facts.st_size));
  return {new std::span<const std::byte>(bytes), [begin](const std::span<const std::byte>* mapped) {
            ::munmap(begin, mapped->size());
            delete mapped;
          }};
}

}  // namespace webpool::driver
