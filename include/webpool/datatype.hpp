#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace webpool {

/// Element types of tensors, as the KServe V2 inference protocol lists them.
enum class Datatype : std::uint8_t {
  boolean,
  uint8,
  uint16,
  uint32,
  uint64,
  int8,
  int16,
  int32,
  int64,
  float16,
  float32,
  float64
};

/// The bits of an IEEE 754 binary16 number; arithmetic is left to the caller.
struct Float16 {
  std::uint16_t bits = 0;
  friend constexpr bool operator==(Float16, Float16) = default;
};

namespace detail {
struct DatatypeRow {
  std::string_view name;
  std::size_t bytes;
};
inline constexpr std::array<DatatypeRow, 12> datatypes{{{"BOOL", 1},
                                                        {"UINT8", 1},
                                                        {"UINT16", 2},
                                                        {"UINT32", 4},
                                                        {"UINT64", 8},
                                                        {"INT8", 1},
                                                        {"INT16", 2},
                                                        {"INT32", 4},
                                                        {"INT64", 8},
                                                        {"FP16", 2},
                                                        {"FP32", 4},
                                                        {"FP64", 8}}};
}  // namespace detail

/// KServe's name, such as "FP32".
constexpr std::string_view to_string(Datatype type) noexcept {
  return detail::datatypes[static_cast<std::size_t>(type)].name;
}

/// Bytes per element.
constexpr std::size_t size_of(Datatype type) noexcept {
  return detail::datatypes[static_cast<std::size_t>(type)].bytes;
}

/// The datatype of a KServe name; empty for any other text.
constexpr std::optional<Datatype> parse_datatype(std::string_view name) noexcept {
  for (std::size_t i = 0; i < detail::datatypes.size(); ++i)
    if (detail::datatypes[i].name == name) return static_cast<Datatype>(i);
  return std::nullopt;
}

/// The datatype that holds C++ values of type `T`. Only these types can be elements.
template <class T>
inline constexpr std::optional<Datatype> datatype_of = std::nullopt;
template <>
inline constexpr std::optional<Datatype> datatype_of<bool> = Datatype::boolean;
template <>
inline constexpr std::optional<Datatype> datatype_of<std::uint8_t> = Datatype::uint8;
template <>
inline constexpr std::optional<Datatype> datatype_of<std::uint16_t> = Datatype::uint16;
template <>
inline constexpr std::optional<Datatype> datatype_of<std::uint32_t> = Datatype::uint32;
template <>
inline constexpr std::optional<Datatype> datatype_of<std::uint64_t> = Datatype::uint64;
template <>
inline constexpr std::optional<Datatype> datatype_of<std::int8_t> = Datatype::int8;
template <>
inline constexpr std::optional<Datatype> datatype_of<std::int16_t> = Datatype::int16;
template <>
inline constexpr std::optional<Datatype> datatype_of<std::int32_t> = Datatype::int32;
template <>
inline constexpr std::optional<Datatype> datatype_of<std::int64_t> = Datatype::int64;
template <>
inline constexpr std::optional<Datatype> datatype_of<Float16> = Datatype::float16;
template <>
inline constexpr std::optional<Datatype> datatype_of<float> = Datatype::float32;
template <>
inline constexpr std::optional<Datatype> datatype_of<double> = Datatype::float64;

template <class T>
concept TensorElement = datatype_of<T>
.has_value();

}  // namespace webpool
