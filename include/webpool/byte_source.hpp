#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <webpool/error.hpp>

namespace webpool {

/// Where bytes lie on the disk as they are.
struct FileExtent {
  std::filesystem::path path;
  std::uint64_t offset = 0;
};

/// A model's bytes, or those of a file with some of its tensors. `webpool::source` has files, memory, generators,
/// ranges and archives; derive from this for anything else.
///
/// | function      | result                           | contract                                                       |
/// |---------------|----------------------------------|----------------------------------------------------------------|
/// | `size()`      | how many bytes there are         | asked once by each load                                        |
/// | `read(o, b)`  | how many bytes were put into `b` | from byte `o` on, `o < size()`; at most `b.size()`, fewer if   |
/// |               |                                  | that is convenient; 0 means that the bytes end there           |
/// | `sha256()`    | their SHA-256, or nothing        | 64 lower-case hexadecimal digits; saves a pass over the bytes  |
/// | `in_memory()` | all bytes, or nothing            | if they lie in memory anyway: unchanged as long as the source  |
/// |               |                                  | lives. Then the pool neither calls `read` nor copies them      |
/// | `on_disk()`   | a place in a file, or nothing    | if they lie there as they are: the file is mapped              |
///
/// *Threads.* A load asks on the thread that calls it, `async_load` on a thread of the pool's own. When a tab fetches
/// the bytes, another thread of the pool's own reads them. Both read at most a MiB at a time. So several threads may
/// call at once. A slow source delays downloads, not requests; a MiB that takes more than 20 seconds breaks its
/// download off. `Pool::close` waits for a `read` of `async_load` to return.
///
/// *How often.* A load reads bytes that are not in memory once, and keeps them if they are at most 64 MiB. More than
/// that are read again for each tab that does not have them in its cache. If an ONNX file of more than 64 MiB is
/// neither in memory nor on the disk, all of it takes memory while the load looks at it.
///
/// *Lifetime.* The pool keeps the source while the model is loaded and while an answer with its bytes is on the way. It
/// may let go on any thread.
///
/// *Faults.* All functions but `in_memory` may throw. If one throws while a load asks, the load throws its `Error`, or
/// `errc::load_failed` with its sentence. If `read` throws while a tab fetches, the tab tries twice more; then the load
/// fails there with `errc::load_failed` and the sentence, which a guest's tab thus sees too. It is as bad if the bytes
/// end before the size, or if `read` returns more than it was asked for. A tab takes only bytes with the SHA-256 that
/// the load found or was told: if the bytes change, or the hash was wrong, the load fails there with both hashes.
class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  virtual std::uint64_t size() const = 0;
  virtual std::size_t read(std::uint64_t offset, std::span<std::byte> into) = 0;
  virtual std::optional<std::string> sha256() const { return std::nullopt; }
  virtual std::span<const std::byte> in_memory() const noexcept { return {}; }
  virtual std::optional<FileExtent> on_disk() const { return std::nullopt; }
};

/// Finds the source of a file by its plain name, as a model names the files that hold its tensors; null if there is
/// none. Called on the thread that asks for the model's bytes, once for each name.
using FindSource = std::function<std::shared_ptr<ByteSource>(std::string_view name)>;

namespace detail {

/// Calls functions of a source: whatever they throw comes out as an `Error`.
template <class Function>
auto ask(Function function) try {
  return function();
} catch (const Error&) {
  throw;
} catch (const std::exception& fault) {
  throw Error(errc::load_failed, fault.what());
} catch (...) {
  throw Error(errc::load_failed, "something was thrown that is not a std::exception");
}

}  // namespace detail

/// Fills `into` with the bytes from `offset` on. Throws `Error`: that of the source, or `errc::load_failed` if the
/// bytes end before or the source throws something else.
inline void read_exactly(ByteSource& source, std::uint64_t offset, std::span<std::byte> into) {
  while (!into.empty()) {
    const std::size_t count = detail::ask([&] { return source.read(offset, into); });
    if (count == 0) throw Error(errc::load_failed, "its bytes end after " + std::to_string(offset));
    if (count > into.size())
      throw Error(errc::load_failed, "its source read " + std::to_string(count) + " bytes where " +
                                         std::to_string(into.size()) + " were asked for");
    offset += count;
    into = into.subspan(count);
  }
}

}  // namespace webpool
