#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/tensor.hpp>

/// Reads and writes tensors as NumPy's .npy files, versions 1 and 2, little-endian and row-major. Throws
/// `std::runtime_error` with a sentence if that fails, and `webpool::Error` for a shape that no tensor can have.
/// Elements are copied once.
namespace npy {

namespace detail {
inline constexpr std::string_view magic = "\x93NUMPY";

/// `numpy.dtype.str` of each datatype, in the order of `webpool::Datatype`.
inline constexpr std::array<std::string_view, 12> descriptors{"|b1", "|u1", "<u2", "<u4", "<u8", "|i1",
                                                              "<i2", "<i4", "<i8", "<f2", "<f4", "<f8"};

[[noreturn]] inline void fail(const std::string& sentence) { throw std::runtime_error("npy: " + sentence); }

/// The text after `'key':` in the header, without leading spaces.
inline std::string_view value_of(std::string_view header, std::string_view key) {
  const auto at = header.find("'" + std::string(key) + "':");
  if (at == header.npos) fail("the header has no '" + std::string(key) + "'");
  header.remove_prefix(at + key.size() + 3);
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header;
}

inline webpool::Datatype datatype(std::string_view header) {
  const std::string_view text = value_of(header, "descr").substr(0, 5);
  for (std::size_t i = 0; i < descriptors.size(); ++i)
    if (text == "'" + std::string(descriptors[i]) + "'") return static_cast<webpool::Datatype>(i);
  fail("no tensor can hold elements of type " + std::string(text));
}

inline webpool::Shape shape(std::string_view header) {
  std::string_view text = value_of(header, "shape");
  if (!text.starts_with('(') || text.find(')') == text.npos) fail("the shape is not a tuple");
  text = text.substr(1, text.find(')') - 1);
  std::vector<std::int64_t> extents;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(", "), text.size()));
    if (text.empty()) return webpool::Shape(extents);
    std::int64_t extent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || extent < 0) fail("the shape has an extent '" + std::string(text) + "'");
    extents.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
}
}  // namespace detail

/// The tensor in a file's bytes.
inline webpool::Tensor parse(std::string_view file) {
  if (file.size() < 12 || !file.starts_with(detail::magic)) detail::fail("the file does not start like a .npy file");
  const int version = file[6];
  if (version != 1 && version != 2) detail::fail("the file has version " + std::to_string(version) + ", not 1 or 2");
  const std::size_t start = version == 1 ? 10 : 12;
  std::uint32_t length = 0;
  std::memcpy(&length, file.data() + 8, start - 8);
  if (length > file.size() - start) detail::fail("the file ends within its header");
  const std::string_view header = file.substr(start, length);
  if (!detail::value_of(header, "fortran_order").starts_with("False"))
    detail::fail("the elements are in Fortran order");
  const webpool::Datatype type = detail::datatype(header);
  const webpool::Shape shape = detail::shape(header);
  const std::string_view elements = file.substr(start + length);
  const std::size_t bytes = shape.elements() * size_of(type);
  if (elements.size() != bytes)
    detail::fail("shape " + to_string(shape) + " needs " + std::to_string(bytes) + " bytes, the file has " +
                 std::to_string(elements.size()));
  auto owner = std::make_shared<std::vector<std::uint64_t>>(bytes / 8 + 1);
  std::memcpy(owner->data(), elements.data(), bytes);
  return webpool::Tensor(type, shape, std::as_bytes(std::span(*owner)).first(bytes), owner);
}

/// The bytes of a version 1 file.
inline std::string format(const webpool::Tensor& tensor) {
  std::string header = "{'descr': '" + std::string(detail::descriptors[static_cast<std::size_t>(tensor.datatype())]) +
                       "', 'fortran_order': False, 'shape': (";
  for (std::string_view before; const std::int64_t extent : tensor.shape().extents()) {
    header.append(before).append(std::to_string(extent));
    before = ", ";
  }
  if (tensor.shape().rank() == 1) header += ',';
  header += "), }";
  header.append(63 - (header.size() + 10) % 64, ' ') += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());
  std::string file = std::string(detail::magic) + '\1' + '\0';
  file.append(reinterpret_cast<const char*>(&length), 2).append(header);
  return file.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.bytes().size());
}

inline webpool::Tensor read(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) detail::fail("can't read '" + path.string() + "'");
  return parse(std::string(std::istreambuf_iterator<char>(stream), {}));
}

inline void write(const std::filesystem::path& path, const webpool::Tensor& tensor) {
  std::ofstream stream(path, std::ios::binary);
  stream << format(tensor);
  if (!stream.flush()) detail::fail("can't write '" + path.string() + "'");
}

}  // namespace npy
