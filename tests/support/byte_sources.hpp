#pragma once

// Sources of bytes as tests need them, good ones and bad ones.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/byte_source.hpp>
#include <webpool/source/generator.hpp>

namespace webpool::testing {

/// All that a source gives.
inline std::string text_of(ByteSource& source) {
  std::string text(static_cast<std::size_t>(source.size()), '?');
  read_exactly(source, 0, std::as_writable_bytes(std::span(text)));
  return text;
}
inline std::string text_of(const std::shared_ptr<ByteSource>& source) { return text_of(*source); }

/// Gives a text, at most `most` bytes at a time, but says that it has `size` bytes.
inline std::shared_ptr<ByteSource> piecemeal(std::string text, std::size_t most, std::uint64_t size) {
  return source::generator(size, [text = std::move(text), most](std::uint64_t offset, std::span<std::byte> into) {
    const auto rest = std::as_bytes(std::span(text)).subspan(std::min<std::size_t>(offset, text.size()));
    const auto part = rest.first(std::min({rest.size(), into.size(), most}));
    std::ranges::copy(part, into.begin());
    return part.size();
  });
}
inline std::shared_ptr<ByteSource> piecemeal(std::string text, std::size_t most) {
  const std::uint64_t size = text.size();
  return piecemeal(std::move(text), most, size);
}

/// Throws that whenever it is read.
template <class Exception>
std::shared_ptr<ByteSource> throwing(Exception exception, std::uint64_t size) {
  return source::generator(size, [exception](std::uint64_t, std::span<std::byte>) -> std::size_t { throw exception; });
}

}  // namespace webpool::testing
