#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/driver/batcher.hpp>
#include <webpool/driver/check_inputs.hpp>
#include <webpool/driver/check_options.hpp>
#include <webpool/driver/engine_port.hpp>
#include <webpool/driver/new_request.hpp>
#include <webpool/driver/pending_requests.hpp>
#include <webpool/driver/resident_tensor.hpp>
#include <webpool/driver/residents.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/ids.hpp>

namespace webpool::driver {

/// Where requests start: into a batch, or to the engine, once all their tensors are where they can be used. Touches the
/// pending requests, the numbers of resident tensors, and the engine. In the pool's loop.
class Starter {
 public:
  struct Uses {
    const Runtime& runtime;  ///< the pool, to know its tensors by
    EnginePort& port;
    PendingRequests& pending;
    Residents& residents;
    Batcher& batches;
  };

  explicit Starter(const Uses& uses) : uses_(uses) {}

  /// A run, alone or in a batch.
  void submit(NewRequest&& request) {
    if (touches_devices(request.inputs, request.options)) return gather(std::move(request));
    if (request.options.placing || !uses_.batches.submit(request)) enqueue(std::move(request));
  }

  void generate(NewRequest&& request) {
    if (touches_devices(request.inputs, request.options)) return gather(std::move(request));
    enqueue(std::move(request));
  }

  /// Copies a tensor from its worker to this program.
  RequestId copy(const TensorCopy& of, Completion done) {
    const TimePoint now = Clock::now();
    const RequestId id = uses_.port.engine.submit({.model = of.model}, uses_.port.turn(now), {Retry::never, of.worker});
    uses_.pending.add({.id = id, .submitted = now, .done = std::move(done), .copy = of});
    return id;
  }

  /// Starts a request of its own, which has nothing to do with tensors in tabs unless `holder` has them.
  void enqueue(NewRequest&& request, WorkerId holder = {}) {
    auto& [model, submitted, inputs, options, ticket, done, generation] = request;
    if (ticket && ticket->cancelled) return done(Error(errc::cancelled, "cancelled before it was queued"));
    auto placing = options.placing ? std::make_shared<const Placing>(*std::move(options.placing)) : nullptr;
    const RequestId id =
        uses_.port.engine.submit(described(request), uses_.port.turn(), {options.retry, holder, placing});
    if (ticket) ticket->request = id;
    std::vector<TensorId> kept(options.keep_on_device.size());
    for (TensorId& each : kept) each = uses_.residents.make_id();
    uses_.pending.add({.id = id,
                       .model = model.model,
                       .part = model.part,
                       .inputs = std::move(inputs),
                       .options = std::move(options),
                       .submitted = submitted,
                       .done = std::move(done),
                       .kept = std::move(kept),
                       .generation = std::move(generation),
                       .placing = std::move(placing)});
  }

 private:
  /// Starts a request that has to do with tensors in tabs, once all of them are in one worker or in this program.
  void gather(NewRequest&& request) {
    if (request.ticket && request.ticket->cancelled)
      return request.done(Error(errc::cancelled, "cancelled before it was queued"));
    const WorkerId holder = holder_of(request.inputs, request.model.model);
    const auto elsewhere = std::ranges::find_if(request.inputs, [&](const NamedTensor& each) {
      const ResidentTensor* there = resident(each.tensor, uses_.runtime);
      return each.tensor.device() && (!there || there->worker() != holder);
    });
    if (elsewhere != request.inputs.end())
      return bring_home(static_cast<std::size_t>(elsewhere - request.inputs.begin()), std::move(request));
    // What stays is computed too where only some outputs are wanted.
    if (auto& outputs = request.options.outputs; !outputs.empty())
      for (const auto& name : request.options.keep_on_device)
        if (std::ranges::find(outputs, name) == outputs.end()) outputs.push_back(name);
    if (holder != WorkerId{})
      std::stable_partition(request.inputs.begin(), request.inputs.end(),
                            [](const NamedTensor& each) { return !each.tensor.device(); });
    enqueue(std::move(request), holder);
  }

  /// Where the first of these tensors is that are in one of the model's workers; none: `WorkerId{}`.
  WorkerId holder_of(const Inputs& inputs, ModelIndex model) const {
    for (const auto& [name, tensor] : inputs)
      if (const ResidentTensor* there = resident(tensor, uses_.runtime); there && there->model() == model)
        return there->worker();
    return {};
  }

  /// Copies an input from the tab of another model to this program; then looks for the next.
  void bring_home(std::size_t which, NewRequest&& request) {
    const NamedTensor& input = request.inputs[which];
    const ResidentTensor* there = resident(input.tensor, uses_.runtime);
    if (!there)
      return request.done(
          Error(errc::tensor_elsewhere, "input '" + input.name + "' is in a tab of another pool; to_host() copies it"));
    const TensorCopy wanted(*there);
    const auto ticket = request.ticket;
    const RequestId id = copy(wanted, {[this, which, request = std::move(request)](Expected<Outputs> copied) mutable {
                                if (!copied) return request.done(copied.error());
                                request.inputs[which].tensor = copied->begin()->tensor;
                                gather(std::move(request));
                              }});
    if (ticket) ticket->request = id;
  }

  /// The request as the engine knows it.
  static Request described(const NewRequest& from) {
    Request request{
        .id = {}, .model = from.model.model, .priority = from.options.priority, .client = from.options.client};
    request.deadline = deadline_of(from.submitted, from.options);
    request.payload_bytes = bytes_of(from.inputs);
    if (!from.generation && !from.inputs.empty() && from.inputs.front().tensor.shape().rank() > 0)
      request.rows = static_cast<std::uint32_t>(from.inputs.front().tensor.shape()[0]);
    return request;
  }

  const Uses uses_;
};

}  // namespace webpool::driver
