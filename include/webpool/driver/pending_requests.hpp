#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/driver/check_outputs.hpp>
#include <webpool/driver/generation_run.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/driver/resident_tensor.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/engine/slot_map.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>
#include <webpool/outputs.hpp>
#include <webpool/protocol/messages.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

/// A copy of a tensor that a worker holds, to this program.
struct TensorCopy {
  explicit TensorCopy(const ResidentTensor& of)
      : model(of.model()), worker(of.worker()), tensor(of.id()), datatype(of.datatype()), shape(of.shape()) {}

  /// What is wrong with the page's answer; nothing when it is that tensor.
  std::optional<std::string> check(const protocol::Result& result) const {
    const auto& outputs = result.outputs;
    if (outputs.size() == 1 && outputs[0].tensor.datatype() == datatype && outputs[0].tensor.shape() == shape &&
        result.kept.empty())
      return std::nullopt;
    return "the page did not answer with the tensor of shape " + to_string(shape) + " that it was asked for";
  }

  ModelIndex model;
  WorkerId worker;
  TensorId tensor;
  Datatype datatype;
  Shape shape;
};

/// What a request is to its caller and to the page; the engine knows the rest.
struct PendingRequest {
  /// What is wrong with the page's answer. `models`: those of its worker.
  std::optional<std::string> check(const protocol::Result& result, std::span<const ModelFile> models) const {
    if (copy) return copy->check(result);
    if (generation) return generation->end(result, kept);
    return check_outputs(models[part].info, result.outputs, result.kept, &options, kept);
  }

  /// Since it was submitted.
  double milliseconds(TimePoint now) const {
    return std::chrono::duration<double, std::milli>(now - submitted).count();
  }

  /// For sinks: it goes to a worker, which may be the first of several.
  void note_run(std::shared_ptr<const Where> where) {
    ran_in = std::move(where);
    ++runs;
  }

  /// Extent of the inputs' first axis.
  std::size_t rows() const {
    if (generation || inputs.empty() || inputs.front().tensor.shape().rank() == 0) return 1;
    return static_cast<std::size_t>(inputs.front().tensor.shape()[0]);
  }

  RequestId id{};
  ModelIndex model{};
  std::uint32_t part = 0;
  Inputs inputs{};  ///< those that travel first
  RequestOptions options{};
  TimePoint submitted{};
  Runtime::Completion done{};
  std::vector<TensorId> kept{};                 ///< ids for `options.keep_on_device`
  std::optional<TensorCopy> copy{};             ///< instead of a run
  std::shared_ptr<GenerationRun> generation{};  ///< the same
  std::shared_ptr<const Placing> placing{};     ///< of `options`; null: anywhere
  Outputs outputs{}, held{};                    ///< of the last run; of a guest's, which an own tab computes again
  std::shared_ptr<const Where> ran_in{};        ///< last; only if there are sinks, like `runs`
  unsigned runs = 0;
};

/// The requests that have not ended, in the engine's slots for them. Lives on the pool's thread.
class PendingRequests {
 public:
  void add(PendingRequest request) {
    const std::size_t slot = Slots::slot_of(request.id);
    if (slot >= requests_.size()) requests_.resize(slot + 1);
    requests_[slot] = std::move(request);
  }

  /// The request with that id, which must have been added.
  PendingRequest& at(RequestId id) { return requests_[Slots::slot_of(id)]; }
  PendingRequest take(RequestId id) {
    PendingRequest& request = at(id);
    request.id = {};  // nobody finds what is left there
    return std::move(request);
  }

  /// The same with any id; null when nobody waits for that.
  PendingRequest* find(RequestId id) {
    const std::size_t slot = Slots::slot_of(id);
    return slot < requests_.size() && requests_[slot].id == id ? &requests_[slot] : nullptr;
  }

 private:
  using Slots = engine::SlotMap<RequestId, int>;

  std::vector<PendingRequest> requests_;
};

}  // namespace webpool::driver
