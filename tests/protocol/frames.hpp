#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// Frames put together by hand, so that encoders and decoders are not their own judges.
namespace webpool::test {

inline std::string padded(std::string text, char with) {
  while (text.size() % 8 != 0) text += with;
  return text;
}

/// A frame with this header and these tensors; `length` is a lie about the header's length.
inline std::string frame(std::string_view header, std::initializer_list<std::string_view> tensors = {},
                         std::int64_t length = -1) {
  std::string out = padded("1234" + std::string(header), ' ');
  const auto announced = static_cast<std::uint32_t>(length < 0 ? static_cast<std::int64_t>(out.size()) - 4 : length);
  std::memcpy(out.data(), &announced, 4);
  for (const auto tensor : tensors) out = padded(out, '\0').append(tensor);
  return out;
}

inline std::string unhex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return bytes;
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A frame on the heap with its owner, as a transport has it.
inline std::shared_ptr<const std::string> owned(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

}  // namespace webpool::test
