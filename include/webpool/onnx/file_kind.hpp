#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace webpool::onnx {

namespace detail {
struct SignatureRow {
  std::size_t offset;
  std::string_view bytes;
  std::string_view kind;
};

/// What people pass in place of an ONNX file.
inline constexpr std::array<SignatureRow, 11> signatures{{
    {0, "version https://git-lfs", "a Git LFS pointer; `git lfs pull` fetches the file it stands for"},
    {0, "PK\x03\x04", "a ZIP archive, as PyTorch and Keras write"},
    {0, "\x89HDF", "an HDF5 file, as Keras writes"},
    {0, "GGUF", "a GGUF model"},
    {4, "TFL3", "a TensorFlow Lite model"},
    {4, "ORTM", "a model in ONNX Runtime's own format (.ort)"},
    {8, "{\"", "a safetensors file"},
    {0, "\x1f\x8b", "compressed with gzip"},
    {0, "\x89PNG", "a PNG image"},
    {0, "\xff\xd8\xff", "a JPEG image"},
    {0, "<!DOCTYPE", "an HTML page"},
}};
}  // namespace detail

/// Whether a file begins as serializers of ONNX's protocol buffer begin one: with a small IR version.
constexpr bool starts_like_onnx(std::string_view file) noexcept {
  return file.size() >= 2 && file[0] == 8 && file[1] > 0 && file[1] < 64;
}

/// What a file is, or else what it starts with: "is a PNG image", "starts with the text 'hello'".
inline std::string describe_start(std::string_view file) {
  constexpr std::size_t shown = 24;
  for (const auto& [offset, bytes, kind] : detail::signatures)
    if (file.size() > offset && file.substr(offset).starts_with(bytes)) return "is " + std::string(kind);
  const std::string_view start = file.substr(0, shown);
  if (std::ranges::all_of(start, [](char c) { return c == '\0'; })) return "starts with zeros";
  const auto text_end = std::ranges::find_if_not(start, [](char c) { return c >= ' ' && c <= '~'; });
  if (text_end - start.begin() >= 3 || text_end == start.end())
    return "starts with the text '" + std::string(start.begin(), text_end) + "'";
  std::string bytes = "starts with the bytes";
  for (const char c : start.substr(0, 8))
    ((bytes += ' ') += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4]) += "0123456789abcdef"[c & 15];
  return bytes;
}

}  // namespace webpool::onnx
