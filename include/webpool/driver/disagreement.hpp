#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>
#include <webpool/datatype.hpp>
#include <webpool/options.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

/// The number that a binary16 holds.
inline double to_double(Float16 half) noexcept {
  const int exponent = half.bits >> 10 & 31;
  const double fraction = half.bits & 1023;
  const double size = exponent == 31  ? (fraction > 0 ? std::nan("") : HUGE_VAL)
                      : exponent == 0 ? std::ldexp(fraction, -24)
                                      : std::ldexp(fraction + 1024, exponent - 25);
  return half.bits >> 15 ? -size : size;
}
template <class T>
double to_double(T value) noexcept {
  return static_cast<double>(value);
}

/// The first element that differs, and both values; empty when none does.
template <class T>
std::optional<std::string> first_difference(const Tensor& given, const Tensor& expected, const GuestSettings& limits) {
  const auto a = given.as<T>(), b = expected.as<T>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = to_double(a[i]), y = to_double(b[i]);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    if (std::isfinite(y) && std::abs(x - y) <= limits.absolute_tolerance + limits.relative_tolerance * std::abs(y))
      continue;
    std::ostringstream text;
    text.precision(9);
    text << x << " instead of " << y << " at element " << i;
    return std::move(text).str();
  }
  return std::nullopt;
}

/// The same for elements that must be equal.
inline std::optional<std::string> first_difference(const Tensor& given, const Tensor& expected) {
  const auto [a, b] = std::ranges::mismatch(given.bytes(), expected.bytes());
  if (a == given.bytes().end()) return std::nullopt;
  const std::size_t size = size_of(given.datatype());
  const std::size_t element = static_cast<std::size_t>(a - given.bytes().begin()) / size;
  const bool negative_possible = given.datatype() >= Datatype::int8;
  const auto text = [&](const Tensor& tensor) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, tensor.bytes().data() + element * size, size);  // little-endian, as the wire is
    const unsigned unused = static_cast<unsigned>(64 - 8 * size);
    return negative_possible ? std::to_string(static_cast<std::int64_t>(bits << unused) >> unused)
                             : std::to_string(bits);
  };
  return text(given) + " instead of " + text(expected) + " at element " + std::to_string(element);
}

/// How the outputs of one request differ from what is `expected`, by more than `GuestSettings` allows; empty when they
/// agree. NaN agrees with NaN, an infinity only with itself.
inline std::optional<std::string> disagreement(const std::vector<NamedTensor>& given,
                                               const std::vector<NamedTensor>& expected, const GuestSettings& limits) {
  if (given.size() != expected.size())
    return std::to_string(given.size()) + " outputs instead of " + std::to_string(expected.size());
  for (const auto& [name, right] : expected) {
    const auto found = std::ranges::find(given, name, &NamedTensor::name);
    if (found == given.end()) return "no output '" + name + "'";
    const Tensor& tensor = found->tensor;
    const std::string what = "output '" + name + "' ";
    const auto form = [](const Tensor& each) {
      return std::string(to_string(each.datatype())) + " " + to_string(each.shape());
    };
    if (tensor.datatype() != right.datatype() || tensor.shape() != right.shape())
      return what + "is " + form(tensor) + " instead of " + form(right);
    std::optional<std::string> difference;
    switch (tensor.datatype()) {
      case Datatype::float16: difference = first_difference<Float16>(tensor, right, limits); break;
      case Datatype::float32: difference = first_difference<float>(tensor, right, limits); break;
      case Datatype::float64: difference = first_difference<double>(tensor, right, limits); break;
      default: difference = first_difference(tensor, right);
    }
    if (difference) return what + form(tensor) + " has " + *difference;
  }
  return std::nullopt;
}

}  // namespace webpool::driver
