#pragma once

// The pool's interface, for every file of a program that uses a pool. One of them, which makes it or has
// `template class webpool::ResourcePool<...>;`, includes webpool.hpp instead, where the members are defined.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/detail/unique_function.hpp>
#include <webpool/driver/completion.hpp>
#include <webpool/expected.hpp>
#include <webpool/fwd.hpp>
#include <webpool/kernel.hpp>
#include <webpool/metrics.hpp>
#include <webpool/model.hpp>
#include <webpool/model_part.hpp>
#include <webpool/model_source.hpp>
#include <webpool/options.hpp>
#include <webpool/outputs.hpp>
#include <webpool/page_message.hpp>
#include <webpool/register_backend.hpp>
#include <webpool/tensor.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool {

namespace engine {
template <BrowserSelector, ScalingPolicy, MemoryPolicy, Scheduler>
class Engine;
}
namespace driver {
template <class Engine>
class Driver;
struct ModelFile;
}  // namespace driver

/// A pool of browser tabs that run ONNX models. Every decision is one of the four policies, chosen at compile time.
///
/// The pool owns one thread, on which policies and handlers without an executor of their own run. A caller that waits
/// in `Model::operator()` may do that thread's work meanwhile, and is the pool's thread then: there is one at a time,
/// not always the same. All functions may be called from any thread; blocking ones (`load`, `execute_concurrent`,
/// `close` and the destructor) not from that one. It launches browsers by itself and takes in every tab that opens
/// `join_url()`.
template <BrowserSelector Selector, ScalingPolicy Scaling, MemoryPolicy Memory, Scheduler Queue>
class ResourcePool {
 public:
  /// Listens and starts `min_connections` browsers; does not wait for them. Throws `Error`: `errc::no_browser_found`,
  /// `errc::runtime_missing`, `errc::address_in_use`, `errc::invalid_options`.
  explicit ResourcePool(PoolOptions options = {}, Selector selector = Selector(), Scaling scaling = Scaling(),
                        Memory memory = Memory(), Queue queue = Queue());

  ResourcePool(const ResourcePool&) = delete;
  ResourcePool& operator=(const ResourcePool&) = delete;
  ~ResourcePool() { close(); }

  /// Loads an ONNX file, with the files beside it that hold its tensors if it has such (external data), into
  /// `ModelOptions::replicas` tabs and waits for that. Throws `Error`: `errc::model_not_found`,
  /// `errc::model_invalid`, `errc::invalid_options`, `errc::no_backend` with every reason, `errc::load_failed`,
  /// `errc::launch_failed` ...
  Model load(const std::filesystem::path& path, ModelOptions options = {});

  /// Loads a computation of the application's own, in WGSL, and waits for that; then it runs like a model. Of the
  /// options, `url`, `free_dimensions` and `batching` don't apply, and the backend is WebGPU. Throws `Error`:
  /// `errc::invalid_options` with what is wrong about the kernel, and what `load` throws; among `errc::no_backend`'s
  /// reasons are the compiler's errors, each with line and column of the WGSL.
  Model kernel(const Kernel& kernel, ModelOptions options = {});

  /// Loads several ONNX files and kernels so that each tab holds all of them in one worker, on one device: what one
  /// leaves there (`RequestOptions::keep_on_device`) the others take without a copy. Their requests run one at a time
  /// in each tab. The models come back in the order of the parts; the worker goes with the last of them.
  ///
  /// The options are for all of them: `free_dimensions` of any part, one list of backends that must hold every part
  /// (WebGPU alone where a part is a kernel), a response cache for each; a name is that of the first and only part.
  /// `url`, `batching` and the pool's model initializer don't apply. Throws what `load` throws, and
  /// `errc::invalid_options` for no parts or two of one name.
  std::vector<Model> load_together(std::vector<ModelSource> parts, ModelOptions options = {});

  /// `load` with an Asio completion token; handler signature `void(std::exception_ptr, std::optional<Model>)`, the
  /// model present exactly when there is no exception. The file is read before this returns.
  template <class Token>
  auto async_load(const std::filesystem::path& path, ModelOptions options, Token&& token) {
    return asio::async_initiate<Token, driver::CompletionSignature<std::optional<Model>>>(
        [](auto handler, detail::UniqueFunction<void(Loaded)> load_it) {
          load_it(driver::complete_on_executor<std::optional<Model>>(std::move(handler)));
        },
        token, prepare_load(path, std::move(options)));
  }

  /// Loads models that belong together, the most urgent first, and returns at once, when their files have been read: in
  /// the order given, each usable right away, its requests waiting for that part alone. A part's bytes go to the tabs
  /// when those of the parts before it are there; what follows, such as the creation of sessions, overlaps. Parts with
  /// the same content are fetched once by each browser that can cache them.
  ///
  /// Throws `Error` as `load` does where a file or an option is wrong, and `errc::invalid_options` for two parts of one
  /// name and for priorities of which some are missing or equal; then nothing is loaded. A part that no tab can hold
  /// ends its requests with the reasons, like `ModelPart::ready`; the others go on.
  std::vector<Model> load_parts(std::vector<ModelPart> parts);

  /// Whether a model of that name is loaded or loading.
  bool has_model(std::string_view name) const;

  /// Runs each model on its inputs, all at once, and waits; one result or error each, in order.
  std::vector<Expected<Outputs>> execute_concurrent(std::vector<std::pair<Model, Inputs>> requests,
                                                    const RequestOptions& options = {});

  /// Calls `handler` on the pool's thread for every tab that joins from now on; it must neither block nor throw.
  void on_join(std::function<void(const BrowserInfo&)> handler);

  /// From now on, messages of that name that modules in pages send (`PoolOptions::page_modules`) go to `handler`, in
  /// place of the one before; an empty one ends that. Throws `errc::invalid_message` for a name that is empty or has
  /// over 1024 bytes.
  void on_message(std::string name, MessageHandler handler);

  /// Sends a message to the modules of one tab, with any JSON value as its body. Whether the tab is there and
  /// reads what it is sent (at most `ConnectionSettings::maximum_message_bytes` may wait); not whether it handles the
  /// message. Any thread may call it, the pool's own too. The tensors are copied before it returns.
  /// Throws `errc::invalid_message`: a name that breaks the wire's rules, a body that is not JSON or has over 512 KiB,
  /// tensors whose names repeat.
  bool send_message(ConnectionId connection, std::string_view name, std::string_view body,
                    const std::vector<NamedTensor>& tensors = {});

  /// The same to all tabs; returns to how many it went.
  std::size_t broadcast_message(std::string_view name, std::string_view body,
                                const std::vector<NamedTensor>& tensors = {});

  /// The link that makes a browser a worker of this pool. It contains the pool's secret: whoever has it is let in.
  std::string join_url() const;

  Metrics metrics() const;

  /// One row for each tab.
  std::vector<ConnectionInfo> connections() const;

  /// One row for each way out of trouble that has been tried: which one works for what, here.
  std::vector<RecoveryStats> recovery_stats() const;

  /// One row for each model, browser and backend that has run something.
  std::vector<ExecutionStats> execution_stats() const;

  /// Ends every request with `errc::pool_closed`, closes tabs and browsers, and waits until nothing of them is left.
  /// The destructor does the same; a second call does nothing.
  void close();

 private:
  using Engine = engine::Engine<Selector, Scaling, Memory, Queue>;
  using Driver = driver::Driver<Engine>;
  using Loaded = detail::UniqueFunction<void(Expected<std::optional<Model>>)>;
  using AllLoaded = detail::UniqueFunction<void(Expected<std::vector<Model>>)>;

  void refuse_pool_thread() const;
  driver::ModelFile read_file(const std::filesystem::path& path, ModelOptions& options) const;
  Model load_file(driver::ModelFile file, ModelOptions options);
  std::vector<Model> load_files(std::vector<driver::ModelFile> files, ModelOptions options);
  detail::UniqueFunction<void(Loaded)> prepare_load(const std::filesystem::path& path, ModelOptions options);
  void start_load(std::vector<driver::ModelFile> files, ModelOptions options, AllLoaded done);
  std::vector<Model> handles_of(const std::vector<driver::ModelFile>& files, const ModelOptions& options,
                                const std::shared_ptr<Model::Lease>& lease) const;

  std::shared_ptr<Driver> driver_;
};

}  // namespace webpool
