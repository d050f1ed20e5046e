#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <webpool/driver/resident_tensor.hpp>
#include <webpool/ids.hpp>
#include <webpool/metrics.hpp>
#include <webpool/placing.hpp>

namespace webpool::driver {

/// What stays in the workers of a pool for callers, by worker. On the pool's thread.
class Residents {
 public:
  /// A name for a tensor, unique for the pool's life.
  TensorId make_id() noexcept { return {++ids_}; }

  /// What is freed when a tensor goes.
  struct Freed {
    std::size_t bytes = 0;
    std::shared_ptr<const Placing> placing{};
  };

  /// `placing` may be null.
  void add(const std::shared_ptr<const ResidentTensor>& tensor, std::shared_ptr<const Placing> placing = nullptr) {
    tensors_[tensor->worker()].emplace(tensor->id(), Entry{tensor, {tensor->bytes(), std::move(placing)}});
    ++count_;
    bytes_ += tensor->bytes();
    saved_ += tensor->bytes();
  }

  /// What this frees; empty when the tensor went before.
  std::optional<Freed> release(WorkerId worker, TensorId id) {
    const auto there = tensors_.find(worker);
    if (there == tensors_.end()) return std::nullopt;
    const auto entry = there->second.find(id);
    if (entry == there->second.end()) return std::nullopt;
    Freed freed = std::move(entry->second.what);
    there->second.erase(entry);
    --count_;
    bytes_ -= freed.bytes;
    return freed;
  }

  /// The worker is gone, and with it what it held.
  void lose(WorkerId worker) {
    const auto there = tensors_.find(worker);
    if (there == tensors_.end()) return;
    for (const auto& [id, entry] : there->second) {
      --count_;
      bytes_ -= entry.what.bytes;
      if (const auto tensor = entry.tensor.lock()) tensor->lose();
    }
    tensors_.erase(there);
  }

  void note_reuse(std::size_t bytes) noexcept { saved_ += bytes; }
  void note_copy(std::size_t bytes) noexcept {
    ++copies_;
    copied_ += bytes;
  }

  void add_to(Metrics& metrics) const noexcept {
    metrics.device_tensors = count_;
    metrics.device_bytes = bytes_;
    metrics.device_bytes_saved = saved_;
    metrics.device_copies = copies_;
    metrics.device_bytes_copied = copied_;
  }

 private:
  struct Entry {
    std::weak_ptr<const ResidentTensor> tensor;
    Freed what;
  };

  std::unordered_map<WorkerId, std::unordered_map<TensorId, Entry>> tensors_;
  std::size_t count_ = 0, bytes_ = 0;
  std::uint64_t ids_ = 0, saved_ = 0, copies_ = 0, copied_ = 0;
};

}  // namespace webpool::driver
