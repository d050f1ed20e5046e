#pragma once

#include <atomic>
#include <cstddef>
#include <future>
#include <memory>
#include <utility>
#include <webpool/datatype.hpp>
#include <webpool/device_tensor.hpp>
#include <webpool/driver/event_loop.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/shape.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

/// A tensor that a worker keeps for this program.
class ResidentTensor final : public DeviceTensor {
 public:
  ResidentTensor(std::weak_ptr<Runtime> runtime, ModelIndex model, WorkerId worker, TensorId id, Datatype datatype,
                 Shape shape)
      : runtime_(std::move(runtime)), model_(model), worker_(worker), id_(id), datatype_(datatype), shape_(shape) {}

  ~ResidentTensor() override {
    if (const auto runtime = runtime_.lock()) runtime->release(worker_, id_);
  }

  Tensor fetch() const override {
    const auto runtime = runtime_.lock();
    if (!runtime) throw Error(errc::pool_closed, "the pool whose tab held the tensor is gone");
    if (runtime->loop().runs_here())
      throw Error(errc::would_deadlock, "a tensor can't be waited for on the pool's own thread");
    std::promise<Expected<Outputs>> promise;
    auto future = promise.get_future();
    runtime->fetch(
        *this, [promise = std::move(promise)](Expected<Outputs> copy) mutable { promise.set_value(std::move(copy)); });
    return future.get().value().begin()->tensor;
  }

  bool lost() const noexcept override { return lost_; }
  void lose() const noexcept { lost_ = true; }
  std::size_t bytes() const noexcept override { return shape_.elements() * size_of(datatype_); }

  bool belongs_to(const Runtime& runtime) const noexcept { return runtime_.lock().get() == &runtime; }
  ModelIndex model() const noexcept { return model_; }
  WorkerId worker() const noexcept { return worker_; }
  TensorId id() const noexcept { return id_; }
  Datatype datatype() const noexcept { return datatype_; }
  const Shape& shape() const noexcept { return shape_; }

 private:
  const std::weak_ptr<Runtime> runtime_;
  const ModelIndex model_;
  const WorkerId worker_;
  const TensorId id_;
  const Datatype datatype_;
  const Shape shape_;
  mutable std::atomic<bool> lost_ = false;
};

/// The tensor's place in a worker, if it is in one of this runtime's.
inline const ResidentTensor* resident(const Tensor& tensor, const Runtime& runtime) {
  const auto* found = dynamic_cast<const ResidentTensor*>(tensor.device().get());
  return found && found->belongs_to(runtime) ? found : nullptr;
}

}  // namespace webpool::driver
