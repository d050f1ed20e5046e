#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace webpool::protocol::detail {

/// How many bytes at the front of a text belong together: one character, or the longest beginning of an incomplete one.
struct Utf8Step {
  std::size_t bytes;
  bool valid;
};

/// Well-formed byte sequences are those of the Unicode standard, table 3-7. The text must not be empty.
constexpr Utf8Step utf8_step(std::string_view text) noexcept {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xc2 || lead > 0xf4) return {1, false};
  unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  for (std::size_t i = 1; i < length; ++i, low = 0x80, high = 0xbf)
    if (i == text.size() || at(i) < low || at(i) > high) return {i, false};
  return {length, true};
}

/// JSON's two-character escape of `c`; empty if it has none.
constexpr std::string_view short_escape(char c) noexcept {
  switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\b': return "\\b";
    case '\f': return "\\f";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: return {};
  }
}

/// Appends `text` as a JSON string, escaped exactly as by `JSON.stringify`. Text may come from anywhere, such as
/// another library's exception. What is not UTF-8 becomes U+FFFD, so the result is always valid JSON.
inline void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  std::size_t copied = 0, i = 0;
  const auto replace = [&](std::size_t bytes, std::string_view by) {
    out.append(text, copied, i - copied).append(by);
    copied = i += bytes;
  };
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const Utf8Step step = utf8_step(text.substr(i));
      if (step.valid) {
        i += step.bytes;
      } else {
        replace(step.bytes, "\xef\xbf\xbd");
      }
    } else if (const std::string_view escape = short_escape(text[i]); !escape.empty()) {
      replace(1, escape);
    } else if (c < 0x20) {
      replace(1, std::string{'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]});
    } else {
      ++i;
    }
  }
  out.append(text, copied).append(1, '"');
}

inline void append_integer(std::string& out, std::integral auto value) {
  std::array<char, 24> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

/// A finite number, in the fewest digits that identify it.
inline void append_number(std::string& out, double value) {
  std::array<char, 32> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace webpool::protocol::detail
