#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <webpool/detail/unique_function.hpp>
#include <webpool/driver/place.hpp>
#include <webpool/expected.hpp>
#include <webpool/ids.hpp>
#include <webpool/outputs.hpp>
#include <webpool/request.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

/// Lets a caller cancel a request whose id is not known yet: the id is filled in on the pool's thread, where alone it
/// is read.
struct Ticket {
  RequestId request{};
  std::uint64_t member = 0;  ///< its number in the batches, where it is not a request of the engine's
  bool cancelled = false;
};

/// One of the models that a worker holds: the engine knows them as one.
struct ModelRef {
  ModelIndex model{};
  std::uint32_t part = 0;
};

class Backlog;
class EventLoop;
class ResidentTensor;
struct GenerationRun;

/// Hears of a request's end: once, on the pool's thread, when its place in the backlog has been given back.
class Completion {
 public:
  using Done = detail::UniqueFunction<void(Expected<Outputs>)>;

  Completion() = default;
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Completion> && std::is_constructible_v<Done, F>)
      Completion(F&& done, Place place = {})  // NOLINT(google-explicit-constructor)
      : done_(std::forward<F>(done)), place_(std::move(place)) {}

  explicit operator bool() const noexcept { return static_cast<bool>(done_); }

  void operator()(Expected<Outputs> result) {
    place_.leave();
    done_(std::move(result));
  }

 private:
  Done done_;
  Place place_;
};

/// What a model handle needs of its pool. All functions may be called from any thread. Owned by `std::shared_ptr`.
class Runtime : public std::enable_shared_from_this<Runtime> {
 public:
  using Completion = driver::Completion;

  virtual ~Runtime() = default;

  /// Takes over a request whose inputs have been checked. `ticket` may be null.
  virtual void submit(ModelRef model, Inputs inputs, RequestOptions options, std::shared_ptr<Ticket> ticket,
                      Completion done) = 0;
  /// Takes over a generation that has been checked, whose only input is the prompt.
  virtual void generate(ModelRef model, Inputs prompt, std::shared_ptr<GenerationRun> run,
                        std::shared_ptr<Ticket> ticket, Completion done) = 0;
  /// Ends a request that needs no tab, such as one that failed its checks: later, as every asynchronous operation ends.
  virtual void finish(Expected<Outputs> result, Completion done) = 0;
  /// Whether requests can still be submitted.
  virtual bool is_open() const = 0;
  virtual void cancel(std::shared_ptr<Ticket> ticket) = 0;
  virtual void release(ModelIndex model) = 0;
  /// Copies a tensor that a worker holds: the result has one output.
  virtual void fetch(const ResidentTensor& tensor, Completion done) = 0;
  /// Nobody refers any more to a tensor that a worker holds.
  virtual void release(WorkerId worker, TensorId tensor) = 0;
  virtual EventLoop& loop() noexcept = 0;
  virtual Backlog& backlog() noexcept = 0;
};

}  // namespace webpool::driver
