#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <system_error>
#include <webpool/browser/descriptor.hpp>

namespace webpool::driver {

/// A file's bytes, of which only those take memory that are looked at.
///
/// Whoever looks at bytes of a file that has become shorter meanwhile is ended by the system: keep this for moments.
class MappedFile {
 public:
  /// Throws std::system_error when it can't be mapped; an empty file can't.
  explicit MappedFile(const std::filesystem::path& path) {
    const browser::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct ::stat facts {};
    if (::fstat(file.get(), &facts) == 0) size_ = static_cast<std::size_t>(facts.st_size);
    begin_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (begin_ == MAP_FAILED) throw std::system_error(errno, std::generic_category());
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() { ::munmap(begin_, size_); }

  std::span<const std::byte> bytes() const noexcept { return {static_cast<const std::byte*>(begin_), size_}; }

 private:
  std::size_t size_ = 0;
  void* begin_;
};

}  // namespace webpool::driver
