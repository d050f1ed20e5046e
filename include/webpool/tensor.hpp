#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>
#include <webpool/datatype.hpp>
#include <webpool/device_tensor.hpp>
#include <webpool/error.hpp>
#include <webpool/shape.hpp>

namespace webpool {

namespace detail {
/// Of a contiguous range.
template <class R>
using ElementOf = std::remove_cv_t<typename decltype(std::span(std::declval<const R&>()))::element_type>;
}  // namespace detail

/// A dense row-major array whose bytes are immutable and shared: copying a `Tensor` copies a pointer, never elements.
/// Its bytes are in this program, or in the tab that computed them (`RequestOptions::keep_on_device`). Different
/// threads may use different `Tensor` objects, even if these share bytes.
class Tensor {
 public:
  Tensor() = default;

  /// Copies the elements of a contiguous range. Throws `errc::wrong_shape` if their number is not `shape.elements()`.
  template <class R>
  requires TensorElement<detail::ElementOf<R>>
  static Tensor from(const R& elements, Shape shape) {
    using T = detail::ElementOf<R>;
    const std::span<const T> given(elements);
    std::shared_ptr<T[]> owner(new T[given.size()]);
    std::copy(given.begin(), given.end(), owner.get());
    return borrow(std::span<const T>(owner.get(), given.size()), shape, owner);
  }

  /// Takes ownership of the elements without a copy.
  template <TensorElement T>
  requires(!std::same_as<T, bool>) static Tensor from(std::vector<T>&& elements, Shape shape) {
    auto owner = std::make_shared<std::vector<T>>(std::move(elements));
    return borrow(std::span<const T>(*owner), shape, owner);
  }

  /// Refers to elements that `owner` keeps alive, without a copy. If `owner` is null, the caller must keep them alive
  /// until the request ends.
  template <TensorElement T>
  static Tensor borrow(std::span<const T> elements, Shape shape, std::shared_ptr<const void> owner) {
    return Tensor(*datatype_of<T>, shape, std::as_bytes(elements), std::move(owner));
  }

  /// Refers to raw bytes that `owner` keeps alive; they must be aligned for the datatype.
  /// Throws `errc::wrong_shape` if their number does not match the shape and datatype.
  Tensor(Datatype datatype, Shape shape, std::span<const std::byte> bytes, std::shared_ptr<const void> owner)
      : datatype_(datatype), shape_(shape), bytes_(bytes), owner_(std::move(owner)) {
    for (std::int64_t extent : shape_.extents())
      if (extent == Shape::any)
        throw Error(errc::wrong_shape, "a tensor's shape can't have a free extent: " + to_string(shape_));
    if (bytes_.size() != shape_.elements() * size_of(datatype_))
      throw Error(errc::wrong_shape, "shape " + to_string(shape_) + " of " + std::string(to_string(datatype_)) +
                                         " needs " + std::to_string(shape_.elements() * size_of(datatype_)) +
                                         " bytes, not " + std::to_string(bytes_.size()));
  }

  /// Refers to a tensor in a tab; the pool makes these.
  Tensor(Datatype datatype, Shape shape, std::shared_ptr<const DeviceTensor> device)
      : datatype_(datatype), shape_(shape), device_(std::move(device)) {}

  Datatype datatype() const noexcept { return datatype_; }
  const Shape& shape() const noexcept { return shape_; }
  /// Empty if the elements are in a tab.
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

  /// Where the elements are if they are not in this program; null if they are.
  const std::shared_ptr<const DeviceTensor>& device() const noexcept { return device_; }

  /// The same tensor with its elements in this program. If they are in a tab, they are copied, which waits and throws
  /// as `DeviceTensor::fetch` does.
  Tensor to_host() const { return device_ ? device_->fetch() : *this; }

  /// The elements, row-major. Throws `errc::wrong_datatype` if the tensor holds another type,
  /// `errc::tensor_elsewhere` if they are in a tab.
  template <TensorElement T>
  std::span<const T> as() const {
    if (datatype_ != *datatype_of<T>)
      throw Error(errc::wrong_datatype, "the tensor holds " + std::string(to_string(datatype_)) + ", not " +
                                            std::string(to_string(*datatype_of<T>)));
    if (device_)
      throw Error(errc::tensor_elsewhere,
                  "the tensor's elements are in the tab that computed it; to_host() copies them");
    return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }

 private:
  Datatype datatype_ = Datatype::float32;
  Shape shape_{0};
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
  std::shared_ptr<const DeviceTensor> device_;
};

/// A tensor and the name of the model input or output that it belongs to.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// What a request carries: `{{"ids", Tensor::from(ids, {1, 64})}}`.
using Inputs = std::vector<NamedTensor>;

}  // namespace webpool
