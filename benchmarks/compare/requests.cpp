#include "requests.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <webpool/async.hpp>

namespace compare {
namespace {

using namespace std::chrono_literals;
using webpool::Inputs, webpool::Model, webpool::Outputs, webpool::Tensor;

/// Keeps so many requests in flight. After the first ones, everything happens on the pool's thread.
class Relay {
 public:
  Relay(const Model& model, const Inputs& inputs, std::size_t count)
      : model_(model), inputs_(inputs), count_(count), to_send_(count), meter_(count) {}

  Served run(std::size_t in_flight) {
    const std::size_t first = std::min(in_flight, count_);
    to_send_ -= first;
    for (std::size_t i = 0; i < first; ++i) send();
    return done_.get_future().get();
  }

 private:
  void send() {
    model_.async_run(inputs_, [this, at = Clock::now()](std::exception_ptr failure, Outputs outputs) {
      if (failure) return fail(failure);
      meter_.add(Clock::now() - at);
      if (to_send_ > 0) {
        --to_send_;
        send();
      }
      if (meter_.count() == count_) done_.set_value({meter_.json(), std::move(outputs)});
    });
  }

  void fail(std::exception_ptr failure) {
    to_send_ = 0;
    if (!std::exchange(failed_, true)) done_.set_exception(std::move(failure));
  }

  const Model& model_;
  const Inputs& inputs_;
  std::size_t count_, to_send_;
  Meter meter_;
  std::promise<Served> done_;
  bool failed_ = false;
};

Tensor tensor_for(const webpool::TensorSpec& spec) {
  std::vector<std::int64_t> extents(spec.shape.extents().begin(), spec.shape.extents().end());
  std::ranges::replace(extents, webpool::Shape::any, 1);
  const webpool::Shape shape{std::span<const std::int64_t>(extents)};
  if (spec.datatype == webpool::Datatype::float32)
    return Tensor::from(tensor_of(shape.elements() * sizeof(float)), shape);
  std::vector<std::int64_t> ids(shape.elements());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i % 50 + 1);
  return Tensor::from(std::move(ids), shape);
}

}  // namespace

Served relay(const Model& model, const Inputs& inputs, std::size_t in_flight, std::size_t count) {
  return Relay(model, inputs, count).run(in_flight);
}

Served call(const Model& model, const Inputs& inputs, std::size_t count) {
  Served served;
  Meter meter(count);
  std::vector<double> runs_us;
  runs_us.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto began = Clock::now();
    served.last = model(inputs);
    meter.add(Clock::now() - began);
    const webpool::RunTimes& times = served.last.times();
    runs_us.push_back(1000 * (times.upload + times.compute + times.download));
  }
  served.json = meter.json();
  served.json.back() = ',';
  append_list(served.json, "runs_us", runs_us);
  served.json += '}';
  return served;
}

std::string make_round_trips(const Model& echo, const Trips& trips, bool by_handlers) {
  const std::vector<float> tensor = tensor_of(trips.bytes);
  const Tensor x = Tensor::borrow(std::span(tensor), {static_cast<std::int64_t>(tensor.size())}, nullptr);
  const Inputs inputs{{"x", x}};
  const Served served =
      by_handlers ? relay(echo, inputs, trips.in_flight, trips.count) : call(echo, inputs, trips.count);
  if (!std::ranges::equal(served.last["y"].as<float>(), tensor)) throw std::runtime_error("a tensor came back changed");
  return served.json;
}

Inputs inputs_for(const webpool::ModelInfo& info) {
  Inputs inputs;
  for (const auto& spec : info.inputs) inputs.push_back({spec.name, tensor_for(spec)});
  return inputs;
}

std::string scale_up(const Model& model) {
  constexpr int callers = 16;
  constexpr auto patience = 60s;
  const Inputs inputs = inputs_for(model.info());
  const auto first = model(inputs).where().connection;
  std::atomic<bool> over = false;
  std::promise<Served> done;
  const auto began = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < callers; ++i)
      threads.emplace_back([&] {
        while (!over && Clock::now() - began < patience) {
          Outputs outputs = model(inputs);
          if (outputs.where().connection == first || over.exchange(true)) continue;
          Meter meter(1);
          meter.add(Clock::now() - began);
          done.set_value({meter.json(), std::move(outputs)});
        }
      });
  }
  if (!over) throw std::runtime_error("no second tab answered within a minute");
  return done.get_future().get().json;
}

}  // namespace compare
