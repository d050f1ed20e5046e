#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/byte_source.hpp>
#include <webpool/detail/sha256.hpp>
#include <webpool/driver/interrupt.hpp>
#include <webpool/driver/mapped_file.hpp>
#include <webpool/error.hpp>
#include <webpool/source/memory.hpp>

namespace webpool::driver {

/// Bytes that pages fetch by their hash.
struct ServedFile {
  std::string name;
  std::string sha256;
  std::size_t size = 0;                  ///< bytes
  std::shared_ptr<ByteSource> source{};  ///< in memory, unless there are more than `most_in_memory`
};

/// What is larger and not in memory by itself is read whenever a page fetches it.
inline constexpr std::size_t most_in_memory = std::size_t{64} << 20;

/// Looks at all bytes of a file, at one address.
using LookAtBytes = std::function<void(std::span<const std::byte>)>;

inline constexpr std::size_t piece_bytes = std::size_t{1} << 20;

/// Memory for more than `most_in_memory` grows with what comes, not with the size that the source says.
inline std::string read_whole(ByteSource& source, std::uint64_t size, const Interrupt& interrupt) {
  std::string bytes;
  if (size <= most_in_memory) bytes.reserve(static_cast<std::size_t>(size));
  while (bytes.size() < size) {
    interrupt.check();
    const std::size_t done = bytes.size();
    bytes.resize(done + static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, size - done)));
    read_exactly(source, done, std::as_writable_bytes(std::span(bytes)).subspan(done));
  }
  return bytes;
}

inline std::string hash_of(std::span<const std::byte> bytes, const Interrupt& interrupt) {
  webpool::detail::Sha256 hash;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(piece_bytes, bytes.size()))) {
    interrupt.check();
    hash.update(bytes.first(std::min(piece_bytes, bytes.size())));
  }
  return hash.hex();
}

inline std::string hash_of(ByteSource& source, std::uint64_t size, const Interrupt& interrupt) {
  webpool::detail::Sha256 hash;
  std::vector<std::byte> piece(piece_bytes);
  for (std::uint64_t done = 0; done < size; done += piece.size()) {
    interrupt.check();
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, size - done)));
    read_exactly(source, done, piece);
    hash.update(piece);
  }
  return hash.hex();
}

inline std::optional<std::string> known_hash(const ByteSource& source) {
  auto hash = webpool::detail::ask([&] { return source.sha256(); });
  if (hash && (hash->size() != 64 || hash->find_first_not_of("0123456789abcdef") != hash->npos))
    throw Error(errc::load_failed, "its source says that '" + *hash + "' is a SHA-256");
  return hash;
}

/// Of a source that is not in memory, and too large to stay there. Finds its hash too, if it reads it for that.
inline void look_at_large(ByteSource& source, std::uint64_t size, const LookAtBytes& look,
                          std::optional<std::string>& hash, const Interrupt& interrupt) {
  // What Protocol Buffers, which ONNX is, can hold (https://protobuf.dev/programming-guides/proto-limits/).
  constexpr std::uint64_t most = std::uint64_t{1} << 31;
  if (const auto extent = webpool::detail::ask([&] { return source.on_disk(); })) {
    const auto file = webpool::detail::ask([&] { return std::make_unique<const MappedFile>(extent->path); });
    if (extent->offset > file->bytes().size() || size > file->bytes().size() - extent->offset)
      throw Error(errc::load_failed, "the file '" + extent->path.string() + "' is too short for it");
    return look(file->bytes().subspan(static_cast<std::size_t>(extent->offset), static_cast<std::size_t>(size)));
  }
  if (size > most)
    throw Error(errc::model_invalid, "it has " + std::to_string(size) +
                                         " bytes: more than 2 GiB can't be in an ONNX file; tensors may lie in others");
  const std::string bytes =
      webpool::detail::ask([&] { return read_whole(source, size, interrupt); });  // memory may be short
  look(std::as_bytes(std::span(bytes)));
  if (!hash) hash = hash_of(std::as_bytes(std::span(bytes)), interrupt);
}

/// Fills in what is served of the source. `look`, if any, sees the bytes; those of a source that is neither in memory
/// nor longer than `most` are read here. Throws what the source and `look` throw, and `errc::load_failed` for a source
/// that breaks its contract; `errc::cancelled` soon after `interrupt` was raised.
inline void serve(ServedFile& served, std::shared_ptr<ByteSource> source, const LookAtBytes& look = {},
                  std::size_t most = most_in_memory, const Interrupt& interrupt = {}) {
  const std::uint64_t size = webpool::detail::ask([&] { return source->size(); });
  if (size > std::numeric_limits<std::size_t>::max()) throw Error(errc::load_failed, "it has too many bytes");
  auto hash = known_hash(*source);
  if (source->in_memory().empty() && size <= most) source = source::memory(read_whole(*source, size, interrupt));
  const auto bytes = source->in_memory();
  if (!bytes.empty() && bytes.size() != size)
    throw Error(errc::load_failed, "its source says that it has " + std::to_string(size) + " bytes, and shows " +
                                       std::to_string(bytes.size()));
  if (size <= most || !bytes.empty()) {
    if (look) look(bytes);
    if (!hash) hash = hash_of(bytes, interrupt);
  } else {
    if (look) look_at_large(*source, size, look, hash, interrupt);
    if (!hash) hash = hash_of(*source, size, interrupt);
  }
  served.size = static_cast<std::size_t>(size);
  served.sha256 = std::move(*hash);
  served.source = std::move(source);
}

}  // namespace webpool::driver
