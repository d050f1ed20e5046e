#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <webpool/detail/unique_function.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/expected.hpp>
#include <webpool/generation.hpp>
#include <webpool/model_info.hpp>
#include <webpool/outputs.hpp>
#include <webpool/request.hpp>
#include <webpool/task.hpp>
#include <webpool/tensor.hpp>

namespace webpool::impl {

/// What `Model` calls: its side of the boundary. `ModelImpl` stands behind it. What each function does and throws is
/// said at `Model`.
class ModelInterface {
 public:
  using RunDone = detail::UniqueFunction<void(Expected<Outputs>)>;
  using GenerationDone = detail::UniqueFunction<void(Expected<Generation>)>;

  virtual ~ModelInterface() = default;

  virtual Outputs run(Inputs inputs, RequestOptions options) const = 0;
  /// `ticket` may be null; the runtime cancels by it.
  virtual void start(Inputs inputs, RequestOptions options, std::shared_ptr<driver::Ticket> ticket,
                     RunDone done) const = 0;
  virtual std::vector<Expected<Outputs>> run_concurrent(std::vector<Inputs> requests,
                                                        const RequestOptions& options) const = 0;
  virtual std::vector<Outputs> run_batch(std::vector<Inputs> requests, const RequestOptions& options) const = 0;
  virtual Generation generate(std::vector<std::int64_t> prompt, GenerationOptions options,
                              const TokenHandler& on_token) const = 0;
  virtual void start_generation(std::vector<std::int64_t> prompt, GenerationOptions options, TokenHandler on_token,
                                std::shared_ptr<driver::Ticket> ticket, GenerationDone done) const = 0;
  virtual void set_max_batch_size(std::size_t rows) const = 0;
  /// Null where the load failed.
  virtual const std::shared_ptr<driver::Runtime>& runtime() const noexcept = 0;

  const std::string name;
  const ModelInfo info;
  const Task task;

 protected:
  ModelInterface(std::string its_name, ModelInfo its_info, Task its_task)
      : name(std::move(its_name)), info(std::move(its_info)), task(its_task) {}
};

}  // namespace webpool::impl
