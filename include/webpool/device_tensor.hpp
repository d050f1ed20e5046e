#pragma once

#include <cstddef>

namespace webpool {

class Tensor;

/// The elements of a tensor that stays in the tab that computed it: on the GPU, or in the tab's memory if the backend
/// computes there. They are freed with the last `Tensor` that refers to them. Any thread may call any function.
class DeviceTensor {
 public:
  DeviceTensor() = default;
  DeviceTensor(const DeviceTensor&) = delete;
  DeviceTensor& operator=(const DeviceTensor&) = delete;
  virtual ~DeviceTensor() = default;

  /// Copies the elements to this program and waits for that. Throws `Error`: `errc::tensor_lost` if the tab is gone,
  /// `errc::would_deadlock` on the pool's own thread.
  virtual Tensor fetch() const = 0;

  /// Whether the elements were lost with their tab.
  virtual bool lost() const noexcept = 0;

  virtual std::size_t bytes() const noexcept = 0;
};

}  // namespace webpool
