#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/detail/unique_function.hpp>
#include <webpool/expected.hpp>
#include <webpool/ids.hpp>
#include <webpool/metrics.hpp>
#include <webpool/model.hpp>
#include <webpool/model_part.hpp>
#include <webpool/model_source.hpp>
#include <webpool/options.hpp>
#include <webpool/outputs.hpp>
#include <webpool/page_message.hpp>
#include <webpool/request.hpp>
#include <webpool/tensor.hpp>

namespace webpool::impl {

/// What `Pool` calls: its side of the boundary. `PoolImpl` stands behind it. What each function does and throws is said
/// at `Pool`.
class PoolInterface {
 public:
  using LoadDone = detail::UniqueFunction<void(Expected<std::optional<Model>>)>;

  virtual ~PoolInterface() = default;

  virtual Model load(const ModelSource& source, ModelOptions options) = 0;
  virtual Model kernel(const Kernel& kernel, ModelOptions options) = 0;
  virtual std::vector<Model> load_together(std::vector<ModelSource> parts, ModelOptions options) = 0;
  virtual std::vector<Model> load_parts(std::vector<ModelPart> parts) = 0;
  /// `ticket` may be null; the runtime cancels by it. May be called when the pool is closed.
  virtual void start_load(ModelSource source, ModelOptions options, std::shared_ptr<driver::Ticket> ticket,
                          LoadDone done) = 0;
  virtual std::shared_ptr<driver::Runtime> runtime() const = 0;
  virtual bool has_model(std::string_view name) const = 0;
  virtual std::vector<Expected<Outputs>> execute_concurrent(std::vector<std::pair<Model, Inputs>> requests,
                                                            const RequestOptions& options) = 0;

  virtual void on_join(std::function<void(const BrowserInfo&)> handler) = 0;
  virtual void on_message(std::string name, MessageHandler handler) = 0;
  /// To all tabs without a `connection`; returns to how many it went.
  virtual std::size_t send_message(std::optional<ConnectionId> connection, std::string_view name, std::string_view body,
                                   const std::vector<NamedTensor>& tensors) = 0;

  virtual std::string join_url() const = 0;
  virtual Metrics metrics() const = 0;
  virtual std::vector<ConnectionInfo> connections() const = 0;
  virtual std::vector<RecoveryStats> recovery_stats() const = 0;
  virtual std::vector<ExecutionStats> execution_stats() const = 0;
  virtual void close() = 0;
};

}  // namespace webpool::impl
