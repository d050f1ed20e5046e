#pragma once

// Writes tar archives byte by byte, so that tests can make wrong ones too.

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace webpool::testing {

/// Writes the sum of a header's bytes into it.
inline void seal(std::string& header) {
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  char text[8];
  std::snprintf(text, sizeof(text), "%06o", sum);
  header.replace(148, 7, text, 7);
}

/// A header of ustar.
inline std::string tar_header(std::string_view name, std::size_t bytes, char kind = '0') {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  char size[13];
  std::snprintf(size, sizeof(size), "%011zo", bytes);
  header.replace(124, 11, size);
  header[156] = kind;
  header.replace(257, 8, std::string_view("ustar\00000", 8));
  seal(header);
  return header;
}

inline std::string tar_entry(std::string_view name, std::string_view bytes, char kind = '0') {
  std::string entry = tar_header(name, bytes.size(), kind) + std::string(bytes);
  return entry + std::string((512 - entry.size() % 512) % 512, '\0');
}

inline const std::string tar_end(1024, '\0');

}  // namespace webpool::testing
