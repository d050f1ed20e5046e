#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <webpool/datatype.hpp>
#include <webpool/error.hpp>

namespace webpool::protocol {

static_assert(std::endian::native == std::endian::little, "the wire is little-endian and tensors are not converted");

/// Limits on what a page may ask of the host. A frame that exceeds them is malformed, even if it is consistent.
inline constexpr std::size_t max_header_bytes = std::size_t{1} << 20;
inline constexpr std::size_t max_name_bytes = 1024;  ///< of tensors, tokens, keys and other identifiers
inline constexpr std::size_t max_items = 1024;       ///< of any list in a header
inline constexpr std::uint64_t max_id = (std::uint64_t{1} << 53) - 1;

/// The next multiple of 8.
constexpr std::size_t aligned(std::size_t offset) noexcept { return (offset + 7) & ~std::size_t{7}; }

/// The bytes of a tensor with these extents; empty if one is negative or the product exceeds 63 bits.
constexpr std::optional<std::size_t> byte_size(Datatype type, std::span<const std::int64_t> extents) noexcept {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  if (std::ranges::any_of(extents, [](auto extent) { return extent < 0; })) return std::nullopt;
  if (std::ranges::find(extents, 0) != extents.end()) return 0;
  std::uint64_t bytes = size_of(type);
  for (const std::int64_t extent : extents) {
    if (bytes > most / static_cast<std::uint64_t>(extent)) return std::nullopt;
    bytes *= static_cast<std::uint64_t>(extent);
  }
  return static_cast<std::size_t>(bytes);
}

[[noreturn]] inline void malformed(const std::string& sentence) { throw Error(errc::malformed_frame, sentence); }

/// Appends one frame to `out`: the header's text through `header()`, then `end_header()`, then the tensors in the
/// header's order. Each tensor's bytes are copied once. If `bytes` is large enough, memory is allocated at most once.
class FrameWriter {
 public:
  /// `bytes`: an upper bound for the whole frame; only speed depends on it.
  FrameWriter(std::string& out, std::size_t bytes) : out_(out), start_(out.size()) {
    out_.reserve(start_ + bytes);
    out_.append(4, '\0');
  }

  std::string& header() noexcept { return out_; }

  /// The header must be shorter than 4 GiB.
  void end_header() {
    pad(' ');
    const auto length = static_cast<std::uint32_t>(out_.size() - start_ - 4);
    std::memcpy(out_.data() + start_, &length, 4);
  }

  void tensor(std::span<const std::byte> bytes) {
    pad('\0');
    out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

 private:
  void pad(char with) {
    const std::size_t size = out_.size() - start_;
    out_.append(aligned(size) - size, with);
  }

  std::string& out_;
  std::size_t start_;
};

/// Takes a frame apart without copying. Every member throws `errc::malformed_frame` if the frame breaks a rule. Nothing
/// beyond the frame is read, whatever its header claims.
class FrameReader {
 public:
  explicit FrameReader(std::span<const std::byte> frame) : frame_(frame) {
    if (frame.size() < 4)
      malformed("a frame of " + std::to_string(frame.size()) + " bytes can't hold its header's length");
    std::uint32_t length = 0;
    std::memcpy(&length, frame.data(), 4);
    if (length > frame.size() - 4)
      malformed("the header's " + std::to_string(length) + " bytes don't fit into a frame of " +
                std::to_string(frame.size()));
    if (length > max_header_bytes)
      malformed("a header of " + std::to_string(length) + " bytes; at most " + std::to_string(max_header_bytes) +
                " are allowed");
    offset_ = 4 + std::size_t{length};
    if (offset_ % 8 != 0)
      malformed("the header ends at byte " + std::to_string(offset_) + ", which is not a multiple of 8");
    header_ = frame.subspan(4, length);
  }

  std::span<const std::byte> header() const noexcept { return header_; }

  /// The bytes of the next tensor.
  std::span<const std::byte> tensor(std::size_t bytes, std::string_view name) {
    const std::size_t start = aligned(offset_);
    if (start > frame_.size() || bytes > frame_.size() - start)
      malformed("tensor '" + std::string(name) + "' has " + std::to_string(bytes) + " bytes from byte " +
                std::to_string(start) + ", but the frame ends at " + std::to_string(frame_.size()));
    const auto gap = frame_.subspan(offset_, start - offset_);
    if (std::ranges::any_of(gap, [](std::byte each) { return each != std::byte{0}; }))
      malformed("the gap before tensor '" + std::string(name) + "' is not zero");
    offset_ = start + bytes;
    return frame_.subspan(start, bytes);
  }

  /// Call after the last tensor.
  void finish() const {
    if (offset_ != frame_.size())
      malformed("the message ends at byte " + std::to_string(offset_) + ", but the frame at " +
                std::to_string(frame_.size()));
  }

 private:
  std::span<const std::byte> frame_, header_;
  std::size_t offset_ = 0;
};

}  // namespace webpool::protocol
