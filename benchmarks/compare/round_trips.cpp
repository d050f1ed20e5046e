#include "round_trips.hpp"

#include <algorithm>
#include <future>
#include <stdexcept>

namespace compare {
namespace {

webpool::Inputs borrow(const std::vector<float>& tensor) {
  return {{"x", webpool::Tensor::borrow(std::span(tensor), {static_cast<std::int64_t>(tensor.size())}, nullptr)}};
}

void check(const webpool::Outputs& outputs, const std::vector<float>& tensor) {
  if (!std::ranges::equal(outputs["y"].as<float>(), tensor)) throw std::runtime_error("a tensor came back changed");
}

/// Keeps so many requests in flight. After the first ones, everything happens on the pool's thread.
class Relay {
 public:
  Relay(const webpool::Model& model, const std::vector<float>& tensor, const Trips& trips)
      : model_(model), tensor_(tensor), trips_(trips), to_send_(trips.count), meter_(trips.count) {}

  std::string run() {
    const std::size_t first = std::min(trips_.in_flight, trips_.count);
    to_send_ -= first;
    for (std::size_t i = 0; i < first; ++i) send();
    std::string json = done_.get_future().get();
    check(last_, tensor_);
    return json;
  }

 private:
  void send() {
    model_.async_run(borrow(tensor_), [this, at = Clock::now()](std::exception_ptr failure, webpool::Outputs outputs) {
      if (failure) return fail(failure);
      last_ = std::move(outputs);
      meter_.add(Clock::now() - at);
      if (to_send_ > 0) {
        --to_send_;
        send();
      }
      if (meter_.count() == trips_.count) done_.set_value(meter_.json());
    });
  }

  void fail(std::exception_ptr failure) {
    to_send_ = 0;
    if (!std::exchange(failed_, true)) done_.set_exception(std::move(failure));
  }

  const webpool::Model& model_;
  const std::vector<float>& tensor_;
  Trips trips_;
  std::size_t to_send_;
  Meter meter_;
  webpool::Outputs last_;
  std::promise<std::string> done_;
  bool failed_ = false;
};

}  // namespace

std::string call_blocking(const webpool::Model& echo, const Trips& trips) {
  const std::vector<float> tensor = tensor_of(trips.bytes);
  webpool::Outputs last;
  Meter meter(trips.count);
  for (std::size_t i = 0; i < trips.count; ++i) {
    const auto began = Clock::now();
    last = echo(borrow(tensor));
    meter.add(Clock::now() - began);
  }
  std::string json = meter.json();
  check(last, tensor);
  return json;
}

std::string call_asynchronously(const webpool::Model& echo, const Trips& trips) {
  const std::vector<float> tensor = tensor_of(trips.bytes);
  return Relay(echo, tensor, trips).run();
}

}  // namespace compare
