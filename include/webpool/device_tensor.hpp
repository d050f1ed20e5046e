#pragma once

#include <cstddef>

namespace webpool {

class Tensor;

/// The elements of a tensor that stays in the tab which computed it: on the GPU, or in the tab's memory where its
/// backend computes there. The last `Tensor` that refers to it frees it. All functions may be called from any thread.
class DeviceTensor {
 public:
  DeviceTensor() = default;
  DeviceTensor(const DeviceTensor&) = delete;
  DeviceTensor& operator=(const DeviceTensor&) = delete;
  virtual ~DeviceTensor() = default;

  /// Copies the elements to this program, and waits for that. Throws `Error`: `errc::tensor_lost` when the tab is gone,
  /// `errc::would_deadlock` on the pool's own thread.
  virtual Tensor fetch() const = 0;

  /// Whether it went with its tab.
  virtual bool lost() const noexcept = 0;

  virtual std::size_t bytes() const noexcept = 0;
};

}  // namespace webpool
