#pragma once

// Longer than other headers: it has all that a pool can be asked for, with what there is to know about each.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/driver/check_options.hpp>
#include <webpool/driver/completion.hpp>
#include <webpool/driver/driver.hpp>
#include <webpool/driver/kernel_file.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/driver/model_origin.hpp>
#include <webpool/driver/part_order.hpp>
#include <webpool/driver/read_parts.hpp>
#include <webpool/driver/response_cache.hpp>
#include <webpool/engine/engine.hpp>
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
#include <webpool/protocol/check_message.hpp>
#include <webpool/protocol/encode.hpp>
#include <webpool/register_backend.hpp>
#include <webpool/tensor.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool {

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
  Model load(const std::filesystem::path& path, ModelOptions options = {}) {
    refuse_pool_thread();
    auto file = read_file(path, options);
    return load_file(std::move(file), std::move(options));
  }

  /// Loads a computation of the application's own, in WGSL, and waits for that; then it runs like a model. Of the
  /// options, `url`, `free_dimensions` and `batching` don't apply, and the backend is WebGPU. Throws `Error`:
  /// `errc::invalid_options` with what is wrong about the kernel, and what `load` throws; among `errc::no_backend`'s
  /// reasons are the compiler's errors, each with line and column of the WGSL.
  Model kernel(const Kernel& kernel, ModelOptions options = {}) {
    refuse_pool_thread();
    auto file = driver::make_kernel_file(kernel, options);
    return load_file(std::move(file), std::move(options));
  }

  /// Loads several ONNX files and kernels so that each tab holds all of them in one worker, on one device: what one
  /// leaves there (`RequestOptions::keep_on_device`) the others take without a copy. Their requests run one at a time
  /// in each tab. The models come back in the order of the parts; the worker goes with the last of them.
  ///
  /// The options are for all of them: `free_dimensions` of any part, one list of backends that must hold every part
  /// (WebGPU alone where a part is a kernel), a response cache for each; a name is that of the first and only part.
  /// `url`, `batching` and the pool's model initializer don't apply. Throws what `load` throws, and
  /// `errc::invalid_options` for no parts or two of one name.
  std::vector<Model> load_together(std::vector<ModelSource> parts, ModelOptions options = {}) {
    refuse_pool_thread();
    auto files = driver::read_parts(parts, options);
    driver::check_backends(files.front().name, options.backends);
    return load_files(std::move(files), std::move(options));
  }

  /// `load` with an Asio completion token; handler signature `void(std::exception_ptr, std::optional<Model>)`, the
  /// model present exactly when there is no exception. The file is read before this returns.
  template <class Token>
  auto async_load(const std::filesystem::path& path, ModelOptions options, Token&& token) {
    driver::ModelFile read = read_file(path, options);
    return asio::async_initiate<Token, driver::CompletionSignature<std::optional<Model>>>(
        [this](auto handler, driver::ModelFile file, ModelOptions how) {
          std::vector<driver::ModelFile> files;
          files.push_back(std::move(file));
          this->start_load(std::move(files), std::move(how),
                           [done = driver::complete_on_executor<std::optional<Model>>(std::move(handler))](
                               Expected<std::vector<Model>> result) mutable {
                             if (result)
                               done(std::optional<Model>(std::move(result->front())));
                             else
                               done(result.error());
                           });
        },
        token, std::move(read), std::move(options));
  }

  /// Loads models that belong together, the most urgent first, and returns at once, when their files have been read: in
  /// the order given, each usable right away, its requests waiting for that part alone. A part's bytes go to the tabs
  /// when those of the parts before it are there; what follows, such as the creation of sessions, overlaps. Parts with
  /// the same content are fetched once by each browser that can cache them.
  ///
  /// Throws `Error` as `load` does where a file or an option is wrong, and `errc::invalid_options` for two parts of one
  /// name and for priorities of which some are missing or equal; then nothing is loaded. A part that no tab can hold
  /// ends its requests with the reasons, like `ModelPart::ready`; the others go on.
  std::vector<Model> load_parts(std::vector<ModelPart> parts) {
    refuse_pool_thread();
    const auto order = driver::part_order(parts);
    std::vector<std::vector<driver::ModelFile>> files;
    std::vector<std::string> names;
    for (ModelPart& part : parts) {
      files.emplace_back().push_back(read_file(part.path, part.options));
      names.push_back(files.back()[0].name);
    }
    driver::check_part_names(std::move(names));
    std::vector<std::shared_ptr<Model::Lease>> leases;
    std::vector<Model> models;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      leases.push_back(std::make_shared<Model::Lease>(nullptr, false));
      models.push_back(handles_of(files[i], parts[i].options, leases[i]).front());
    }
    std::vector<typename Driver::Part> loads;
    for (const std::size_t i : order)
      loads.push_back({std::move(files[i]), std::move(parts[i].options), models[i].task(),
                       models[i].state_->max_batch_size,
                       [ready = std::move(parts[i].ready)](const Expected<ModelIndex>& index) {
                         if (ready) ready(index ? std::nullopt : std::optional(index.error()));
                       }});
    const auto indices = driver_->load_parts(std::move(loads));
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      leases[order[rank]]->index = indices[rank];
      leases[order[rank]]->runtime = driver_;
    }
    return models;
  }

  /// Whether a model of that name is loaded or loading.
  bool has_model(std::string_view name) const { return driver_->has_model(name); }

  /// Runs each model on its inputs, all at once, and waits; one result or error each, in order.
  std::vector<Expected<Outputs>> execute_concurrent(std::vector<std::pair<Model, Inputs>> requests,
                                                    const RequestOptions& options = {}) {
    std::vector<std::future<Expected<Outputs>>> futures;
    futures.reserve(requests.size());
    for (auto& [model, inputs] : requests)
      futures.push_back(model.start(std::move(inputs), options, model.state_->cache.get()));
    std::vector<Expected<Outputs>> results;
    results.reserve(futures.size());
    for (auto& future : futures) results.push_back(future.get());
    return results;
  }

  /// Calls `handler` on the pool's thread for every tab that joins from now on; it must neither block nor throw.
  void on_join(std::function<void(const BrowserInfo&)> handler) { driver_->on_join(std::move(handler)); }

  /// From now on, messages of that name that modules in pages send (`PoolOptions::page_modules`) go to `handler`, in
  /// place of the one before; an empty one ends that. Throws `errc::invalid_message` for a name that is empty or has
  /// over 1024 bytes.
  void on_message(std::string name, MessageHandler handler) {
    if (const auto fault = protocol::message_name_fault(name))
      throw Error(errc::invalid_message, "no message can come: " + *fault);
    driver_->on_message(std::move(name), std::move(handler));
  }

  /// Sends a message to the modules of one tab, with any JSON value as its body. Whether the tab is there and
  /// reads what it is sent (at most `ConnectionSettings::maximum_message_bytes` may wait); not whether it handles the
  /// message. Any thread may call it, the pool's own too. The tensors are copied before it returns.
  /// Throws `errc::invalid_message`: a name that breaks the wire's rules, a body that is not JSON or has over 512 KiB,
  /// tensors whose names repeat.
  bool send_message(ConnectionId connection, std::string_view name, std::string_view body,
                    const std::vector<NamedTensor>& tensors = {}) {
    return driver_->send_frame(connection, message_frame(name, body, tensors)) > 0;
  }

  /// The same to all tabs; returns to how many it went.
  std::size_t broadcast_message(std::string_view name, std::string_view body,
                                const std::vector<NamedTensor>& tensors = {}) {
    return driver_->send_frame(std::nullopt, message_frame(name, body, tensors));
  }

  /// The link that makes a browser a worker of this pool. It contains the pool's secret: whoever has it is let in.
  std::string join_url() const { return driver_->join_url(); }

  Metrics metrics() const { return driver_->metrics(); }

  /// One row for each tab.
  std::vector<ConnectionInfo> connections() const {
    return driver_->ask([](const Engine& engine) { return engine.connections(); });
  }

  /// One row for each way out of trouble that has been tried: which one works for what, here.
  std::vector<RecoveryStats> recovery_stats() const {
    return driver_->ask([](const Engine& engine) { return engine.recovery_stats(); });
  }

  /// One row for each model, browser and backend that has run something.
  std::vector<ExecutionStats> execution_stats() const {
    return driver_->ask([](const Engine& engine) { return engine.execution_stats(); });
  }

  /// Ends every request with `errc::pool_closed`, closes tabs and browsers, and waits until nothing of them is left.
  /// The destructor does the same; a second call does nothing.
  void close() { driver_->close(); }

 private:
  using Engine = engine::Engine<Selector, Scaling, Memory, Queue>;
  using Driver = driver::Driver<Engine>;

  void refuse_pool_thread() const {
    if (driver_->loop().runs_here())
      throw Error(errc::would_deadlock,
                  "a blocking call on the pool's own thread would wait for itself; use async_load in handlers");
  }

  static std::string message_frame(std::string_view name, std::string_view body,
                                   const std::vector<NamedTensor>& tensors) {
    if (const auto fault = protocol::message_fault(name, body, tensors))
      throw Error(errc::invalid_message, "message '" + std::string(name.substr(0, 40)) + "' can't be sent: " + *fault);
    std::string frame;
    protocol::encode(frame, protocol::Custom{std::string(name), std::string(body), tensors});
    return frame;
  }

  /// Reads the file, and lets the pool's initializer change the options before they are checked.
  driver::ModelFile read_file(const std::filesystem::path& path, ModelOptions& options) const {
    const PoolOptions& pool = driver_->options();
    driver::ModelFile file = driver::read_model_file(path, options, pool.model_initializer);
    driver::check_backends(file.name, options.backends);
    driver::check_batching(file.name, file.info, options.batching);
    if (!options.url.empty()) driver::check_model_url(file.name, options.url, pool.model_origins);
    return file;
  }

  Model load_file(driver::ModelFile file, ModelOptions options) {
    std::vector<driver::ModelFile> files;
    files.push_back(std::move(file));
    return load_files(std::move(files), std::move(options)).front();
  }

  std::vector<Model> load_files(std::vector<driver::ModelFile> files, ModelOptions options) {
    std::promise<Expected<std::vector<Model>>> promise;
    auto future = promise.get_future();
    start_load(std::move(files), std::move(options),
               [promise = std::move(promise)](Expected<std::vector<Model>> result) mutable {
                 promise.set_value(std::move(result));
               });
    return std::move(future.get()).value();
  }

  /// Handles of models that one worker in each tab is to hold.
  std::vector<Model> handles_of(const std::vector<driver::ModelFile>& files, const ModelOptions& options,
                                const std::shared_ptr<Model::Lease>& lease) const {
    const auto max_batch_size = std::make_shared<std::atomic<std::size_t>>(options.batching.maximum);
    std::vector<Model> models;
    for (std::uint32_t part = 0; part < files.size(); ++part) {
      auto state = std::make_shared<Model::State>();
      state->lease = lease;
      state->part = part;
      state->name = files[part].name;
      state->info = files[part].info;
      state->task = options.task.value_or(deduce_task(state->name, state->info));
      state->context = driver::context_of(state->info, options.context);
      state->max_batch_size = max_batch_size;
      if (options.response_cache_bytes > 0)
        state->cache = std::make_shared<driver::ResponseCache>(options.response_cache_bytes, driver_->cache_counts());
      models.push_back(Model(std::move(state)));
    }
    return models;
  }

  template <class Done>
  void start_load(std::vector<driver::ModelFile> files, ModelOptions options, Done done) {
    const auto lease = std::make_shared<Model::Lease>(driver_, files.size() > 1);
    auto models = handles_of(files, options, lease);
    const Task task = models.front().task();
    const auto max_batch_size = models.front().state_->max_batch_size;
    driver_->load(std::move(files), std::move(options), task, max_batch_size,
                  [lease, models = std::move(models), done = std::move(done)](Expected<ModelIndex> index) mutable {
                    if (!index) return lease->runtime.reset(), done(index.error());
                    lease->index = *index;
                    done(std::move(models));
                  });
  }

  std::shared_ptr<Driver> driver_;
};

// Not inline, so that `extern template class webpool::ResourcePool<...>;` keeps the transport out of a translation
// unit.
template <BrowserSelector Selector, ScalingPolicy Scaling, MemoryPolicy Memory, Scheduler Queue>
ResourcePool<Selector, Scaling, Memory, Queue>::ResourcePool(PoolOptions options, Selector selector, Scaling scaling,
                                                             Memory memory, Queue queue)
    : driver_(std::make_shared<Driver>(std::move(options), std::move(selector), std::move(scaling), std::move(memory),
                                       std::move(queue))) {}

}  // namespace webpool
