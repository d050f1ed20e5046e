#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string>
#include <webpool/error.hpp>

namespace webpool {

class Shape;
std::string to_string(const Shape& shape);

/// Extents of a tensor, outermost first, stored in place: at most 8 dimensions.
/// In a model's declared shape, `Shape::any` stands for a free extent.
class Shape {
 public:
  static constexpr std::size_t max_rank = 8;
  static constexpr std::int64_t any = -1;
  static constexpr std::int64_t max_elements = std::int64_t{1}
                                               << 60;  ///< their bytes fit into 64 bits, whatever the datatype

  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<std::int64_t> extents)
      : Shape(std::span<const std::int64_t>(extents.begin(), extents.size())) {}

  /// Throws `errc::wrong_shape` for more than `max_rank` dimensions, an extent below -1, or more than `max_elements`.
  constexpr explicit Shape(std::span<const std::int64_t> extents) : rank_(extents.size()) {
    if (rank_ > max_rank)
      throw Error(errc::wrong_shape, "a tensor can have at most 8 dimensions, not " + std::to_string(rank_));
    for (std::size_t i = 0; i < rank_; ++i) {
      if (extents[i] < any) throw Error(errc::wrong_shape, "an extent can't be " + std::to_string(extents[i]));
      extents_[i] = extents[i];
    }
    if (!countable())
      throw Error(errc::wrong_shape, "a tensor can have at most 2^60 elements; the shape is " + to_string(*this));
  }

  constexpr std::size_t rank() const noexcept { return rank_; }
  constexpr std::int64_t operator[](std::size_t axis) const noexcept { return extents_[axis]; }
  constexpr std::span<const std::int64_t> extents() const noexcept { return {extents_.data(), rank_}; }

  /// The product of the extents; 1 for a scalar. The shape must have no free extent.
  constexpr std::size_t elements() const noexcept {
    std::size_t product = 1;
    for (std::int64_t extent : extents()) product *= static_cast<std::size_t>(extent);
    return product;
  }

  /// Whether `given` matches this declared shape: the same rank, and equal extents except where they are free.
  constexpr bool accepts(const Shape& given) const noexcept {
    if (rank_ != given.rank_) return false;
    for (std::size_t i = 0; i < rank_; ++i)
      if (extents_[i] != any && extents_[i] != given.extents_[i]) return false;
    return true;
  }

  friend constexpr bool operator==(const Shape& a, const Shape& b) noexcept = default;

 private:
  constexpr bool countable() const noexcept {
    std::int64_t room = max_elements;
    for (std::int64_t extent : extents()) {
      if (extent == 0) return true;
      if (extent != any) room /= extent;
    }
    return room > 0;
  }

  std::array<std::int64_t, max_rank> extents_{};
  std::size_t rank_ = 0;
};

/// "[1, 256]"; a free extent prints as "?".
inline std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::int64_t extent : shape.extents()) {
    if (text.size() > 1) text += ", ";
    text += extent == Shape::any ? "?" : std::to_string(extent);
  }
  return text + "]";
}

inline std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << to_string(shape); }

}  // namespace webpool
