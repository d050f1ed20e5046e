#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/impl/pool_interface.hpp>
#include <webpool/model.hpp>

namespace webpool {

namespace detail {
template <class Token>
struct StartLoad;  // include <webpool/async.hpp>
}

/// A pool of browser tabs that run ONNX models, whatever its policies: `ResourcePool` makes one, and what uses a pool
/// takes a `Pool&`.
///
/// The pool owns one thread, on which policies and handlers without an executor of their own run. A caller that waits
/// in `Model::operator()` may do that thread's work meanwhile, and is the pool's thread then: there is one at a time,
/// not always the same. All functions may be called from any thread; blocking ones (`load`, `execute_concurrent`,
/// `close` and the destructor) not from that one. It launches browsers by itself and takes in every tab that opens
/// `join_url()`.
class Pool {
 public:
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  virtual ~Pool() { close(); }

  /// Loads a model into `ModelOptions::replicas` tabs and waits for that: an ONNX file, with the files beside it that
  /// hold its tensors if it has such (external data), or the bytes of one from any `ByteSource`. Throws `Error`:
  /// `errc::model_not_found`, `errc::model_invalid`, `errc::invalid_options`, `errc::no_backend` with every reason,
  /// `errc::load_failed`, `errc::launch_failed` ...
  Model load(const ModelSource& source, ModelOptions options = {}) { return impl_->load(source, std::move(options)); }

  /// Loads a computation of the application's own, in WGSL, and waits for that; then it runs like a model. Of the
  /// options, `url`, `free_dimensions` and `batching` don't apply, and the backend is WebGPU. Throws `Error`:
  /// `errc::invalid_options` with what is wrong about the kernel, and what `load` throws; among `errc::no_backend`'s
  /// reasons are the compiler's errors, each with line and column of the WGSL.
  Model kernel(const Kernel& kernel, ModelOptions options = {}) { return impl_->kernel(kernel, std::move(options)); }

  /// Loads several ONNX models and kernels so that each tab holds all of them in one worker, on one device: what one
  /// leaves there (`RequestOptions::keep_on_device`) the others take without a copy. Their requests run one at a time
  /// in each tab. The models come back in the order of the parts; the worker goes with the last of them.
  ///
  /// The options are for all of them: `free_dimensions` of any part, one list of backends that must hold every part
  /// (WebGPU alone where a part is a kernel), a response cache for each; a name is that of the first and only part.
  /// `url`, `batching` and the pool's model initializer don't apply. Throws what `load` throws, and
  /// `errc::invalid_options` for no parts or two of one name.
  std::vector<Model> load_together(std::vector<ModelSource> parts, ModelOptions options = {}) {
    return impl_->load_together(std::move(parts), std::move(options));
  }

  /// `load` with any Asio completion token; handler signature `void(std::exception_ptr, std::optional<Model>)`, the
  /// model present exactly when there is no exception.
  ///
  /// Returns at once. A thread of the pool's own reads the model, so what is wrong about it reaches the handler. The
  /// exception is a `webpool::Error`. The handler and its executor are as with `Model::async_run`. A cancellation of
  /// any type ends the load with `errc::cancelled` at once, whether the model is being read, waits for a tab, or is
  /// fetched and made into a session there. Then nothing stays loaded.
  template <class Token>
  auto async_load(ModelSource source, ModelOptions options, Token&& token) {
    return asio::async_initiate<Token, detail::CompletionSignature<std::optional<Model>>>(
        detail::StartLoad<Token>{impl_}, token, std::move(source), std::move(options));
  }

  /// Loads models that belong together, the most urgent first, and returns at once, when they have been read: in
  /// the order given, each usable right away, its requests waiting for that part alone. A part's bytes go to the tabs
  /// when those of the parts before it are there; what follows, such as the creation of sessions, overlaps. Parts with
  /// the same content are fetched once by each browser that can cache them.
  ///
  /// Throws `Error` as `load` does where a file or an option is wrong, and `errc::invalid_options` for two parts of one
  /// name and for priorities of which some are missing or equal; then nothing is loaded. A part that no tab can hold
  /// ends its requests with the reasons, like `ModelPart::ready`; the others go on.
  std::vector<Model> load_parts(std::vector<ModelPart> parts) { return impl_->load_parts(std::move(parts)); }

  /// Whether a model of that name is loaded or loading.
  bool has_model(std::string_view name) const { return impl_->has_model(name); }

  /// Runs each model on its inputs, all at once, and waits; one result or error each, in order.
  std::vector<Expected<Outputs>> execute_concurrent(std::vector<std::pair<Model, Inputs>> requests,
                                                    const RequestOptions& options = {}) {
    return impl_->execute_concurrent(std::move(requests), options);
  }

  /// Calls `handler` on the pool's thread for every tab that joins from now on; it must neither block nor throw.
  void on_join(std::function<void(const BrowserInfo&)> handler) { impl_->on_join(std::move(handler)); }

  /// From now on, messages of that name that modules in pages send (`PoolOptions::page_modules`) go to `handler`, in
  /// place of the one before; an empty one ends that. Throws `errc::invalid_message` for a name that is empty or has
  /// over 1024 bytes.
  void on_message(std::string name, MessageHandler handler) { impl_->on_message(std::move(name), std::move(handler)); }

  /// Sends a message to the modules of one tab, with any JSON value as its body. Whether the tab is there and
  /// reads what it is sent (at most `ConnectionSettings::maximum_message_bytes` may wait); not whether it handles the
  /// message. Any thread may call it, the pool's own too. The tensors are copied before it returns.
  /// Throws `errc::invalid_message`: a name that breaks the wire's rules, a body that is not JSON or has over 512 KiB,
  /// tensors whose names repeat.
  bool send_message(ConnectionId connection, std::string_view name, std::string_view body,
                    const std::vector<NamedTensor>& tensors = {}) {
    return impl_->send_message(connection, name, body, tensors) > 0;
  }

  /// The same to all tabs; returns to how many it went.
  std::size_t broadcast_message(std::string_view name, std::string_view body,
                                const std::vector<NamedTensor>& tensors = {}) {
    return impl_->send_message(std::nullopt, name, body, tensors);
  }

  /// The link that makes a browser a worker of this pool. It contains the pool's secret: whoever has it is let in.
  std::string join_url() const { return impl_->join_url(); }

  Metrics metrics() const { return impl_->metrics(); }

  /// One row for each tab.
  std::vector<ConnectionInfo> connections() const { return impl_->connections(); }

  /// One row for each way out of trouble that has been tried: which one works for what, here.
  std::vector<RecoveryStats> recovery_stats() const { return impl_->recovery_stats(); }

  /// One row for each model, browser and backend that has run something.
  std::vector<ExecutionStats> execution_stats() const { return impl_->execution_stats(); }

  /// Ends every request and load with `errc::pool_closed`, closes tabs and browsers, and waits until nothing of them is
  /// left. The destructor does the same; a second call does nothing.
  void close() { impl_->close(); }

 protected:
  explicit Pool(std::shared_ptr<impl::PoolInterface> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<impl::PoolInterface> impl_;
};

}  // namespace webpool
