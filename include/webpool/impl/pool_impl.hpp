#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>
#include <webpool/driver/check_options.hpp>
#include <webpool/driver/driver.hpp>
#include <webpool/driver/interrupt.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/driver/model_origin.hpp>
#include <webpool/driver/part_order.hpp>
#include <webpool/driver/read_parts.hpp>
#include <webpool/driver/read_source.hpp>
#include <webpool/driver/reader.hpp>
#include <webpool/driver/response_cache.hpp>
#include <webpool/engine/decisions.hpp>
#include <webpool/impl/make_pool.hpp>
#include <webpool/impl/model_impl.hpp>
#include <webpool/impl/pool_interface.hpp>
#include <webpool/protocol/check_message.hpp>
#include <webpool/protocol/encode.hpp>

namespace webpool::impl {

inline std::string message_frame(std::string_view name, std::string_view body,
                                 const std::vector<NamedTensor>& tensors) {
  if (const auto fault = protocol::message_fault(name, body, tensors))
    throw Error(errc::invalid_message, "message '" + std::string(name.substr(0, 40)) + "' can't be sent: " + *fault);
  std::string frame;
  protocol::encode(frame, protocol::Custom{std::string(name), std::string(body), tensors});
  return frame;
}

/// Reads and checks what a call gives it, and hands it to the driver.
class PoolImpl final : public PoolInterface {
 public:
  PoolImpl(PoolOptions options, std::unique_ptr<engine::Decisions> policies)
      : driver_(std::make_shared<driver::Driver>(std::move(options), std::move(policies))) {}

  Model load(const ModelSource& source, ModelOptions options) override {
    refuse_pool_thread();
    std::vector<driver::ModelFile> files;
    files.push_back(read(*driver_, source, options));
    return load_files(std::move(files), std::move(options)).front();
  }

  Model kernel(const Kernel& kernel, ModelOptions options) override { return load(kernel, std::move(options)); }

  std::vector<Model> load_together(std::vector<ModelSource> parts, ModelOptions options) override {
    refuse_pool_thread();
    auto files = driver::read_parts(parts, options);
    driver::check_backends(files.front().name, options.backends);
    return load_files(std::move(files), std::move(options));
  }

  std::vector<Model> load_parts(std::vector<ModelPart> parts) override {
    refuse_pool_thread();
    const auto order = driver::part_order(parts);
    std::vector<std::vector<driver::ModelFile>> files;
    std::vector<std::string> names;
    for (ModelPart& part : parts) {
      files.emplace_back().push_back(read(*driver_, driver::source_of(part), part.options));
      names.push_back(files.back()[0].name);
    }
    driver::check_part_names(std::move(names));
    std::vector<Made> made(parts.size());
    std::vector<driver::Driver::Part> loads;
    loads.reserve(order.size());
    for (const std::size_t i : order) {
      loads.push_back(made[i].part(*driver_, std::move(files[i]), std::move(parts[i].options)));
      loads.back().done = [ready = std::move(parts[i].ready)](const Expected<ModelIndex>& index) {
        if (ready) ready(index ? std::nullopt : std::optional(index.error()));
      };
    }
    const auto indices = driver_->load_parts(std::move(loads));
    std::vector<ModelIndex> in_order_given(parts.size());
    for (std::size_t rank = 0; rank < order.size(); ++rank) in_order_given[order[rank]] = indices[rank];
    std::vector<Model> models;
    for (std::size_t i = 0; i < parts.size(); ++i) models.push_back(made[i].models(driver_, in_order_given[i]).front());
    return models;
  }

  void start_load(ModelSource source, ModelOptions options, std::shared_ptr<driver::Ticket> ticket,
                  LoadDone done) override {
    const auto made = std::make_shared<Made>();
    driver::Reader::Job job;
    job.name = driver::name_of(source, options);
    job.ticket = std::move(ticket);
    job.read = [made, &driver = std::as_const(*driver_), source = std::move(source),
                options = std::move(options)](const driver::Interrupt& interrupt) mutable {
      std::vector<driver::ModelFile> files;
      files.push_back(read(driver, source, options, interrupt));
      return made->part(driver, std::move(files), std::move(options));
    };
    job.done = [made, driver = driver_, done = std::move(done)](const Expected<ModelIndex>& index) mutable {
      if (!index) return done(index.error());
      done(std::optional(made->models(driver, *index).front()));
    };
    driver_->load(std::move(job));
  }

  std::shared_ptr<driver::Runtime> runtime() const override { return driver_; }

  bool has_model(std::string_view name) const override { return driver_->has_model(name); }

  std::vector<Expected<Outputs>> execute_concurrent(std::vector<std::pair<Model, Inputs>> requests,
                                                    const RequestOptions& options) override {
    std::vector<std::future<Expected<Outputs>>> futures;
    futures.reserve(requests.size());
    for (auto& [model, inputs] : requests)
      futures.push_back(static_cast<const ModelImpl&>(*model.impl()).run_async(std::move(inputs), options));
    std::vector<Expected<Outputs>> results;
    results.reserve(futures.size());
    for (auto& future : futures) results.push_back(future.get());
    return results;
  }

  void on_join(std::function<void(const BrowserInfo&)> handler) override { driver_->on_join(std::move(handler)); }

  void on_message(std::string name, MessageHandler handler) override {
    if (const auto fault = protocol::message_name_fault(name))
      throw Error(errc::invalid_message, "no message can come: " + *fault);
    driver_->on_message(std::move(name), std::move(handler));
  }

  std::size_t send_message(std::optional<ConnectionId> connection, std::string_view name, std::string_view body,
                           const std::vector<NamedTensor>& tensors) override {
    return driver_->send_frame(connection, message_frame(name, body, tensors));
  }

  std::string join_url() const override { return driver_->join_url(); }
  Metrics metrics() const override { return driver_->metrics(); }
  std::vector<ConnectionInfo> connections() const override {
    return driver_->ask([](const engine::Engine& engine) { return engine.connections(); });
  }
  std::vector<RecoveryStats> recovery_stats() const override {
    return driver_->ask([](const engine::Engine& engine) { return engine.recovery_stats(); });
  }
  std::vector<ExecutionStats> execution_stats() const override {
    return driver_->ask([](const engine::Engine& engine) { return engine.execution_stats(); });
  }

  void close() override { driver_->close(); }

 private:
  using Driver = std::shared_ptr<driver::Driver>;

  /// What becomes the handles of models that one worker in each tab is to hold.
  class Made {
   public:
    driver::Driver::Part part(const driver::Driver& driver, std::vector<driver::ModelFile> files,
                              ModelOptions options) {
      lease_ = std::make_shared<Lease>(nullptr, files.size() > 1);
      models_ = models_of(driver, files, options, lease_);
      return {std::move(files), std::move(options), models_.front()->task, models_.front()->max_batch_size()};
    }

    /// The pool has loaded them.
    std::vector<Model> models(const Driver& driver, ModelIndex index) {
      lease_->index = index;
      lease_->runtime = driver;
      return {models_.begin(), models_.end()};
    }

   private:
    std::shared_ptr<Lease> lease_;
    std::vector<std::shared_ptr<const ModelImpl>> models_;
  };

  void refuse_pool_thread() const {
    if (driver_->loop().runs_here())
      throw Error(errc::would_deadlock,
                  "a blocking call on the pool's own thread would wait for itself; use async_load in handlers");
  }

  /// Lets the pool's initializer change the options before they are checked. Any thread.
  static driver::ModelFile read(const driver::Driver& driver, const ModelSource& source, ModelOptions& options,
                                const driver::Interrupt& interrupt = {}) {
    const PoolOptions& pool = driver.options();
    driver::ModelFile file = driver::read_source(source, options, pool.model_initializer, interrupt);
    driver::check_backends(file.name, options.backends);
    driver::check_batching(file.name, file.info, options.batching);
    if (!options.url.empty()) driver::check_model_url(file.name, options.url, pool.model_origins);
    return file;
  }

  std::vector<Model> load_files(std::vector<driver::ModelFile> files, ModelOptions options) {
    Made made;
    auto part = made.part(*driver_, std::move(files), std::move(options));
    std::promise<Expected<ModelIndex>> promise;
    auto future = promise.get_future();
    part.done = [promise = std::move(promise)](Expected<ModelIndex> index) mutable { promise.set_value(index); };
    driver_->load(std::move(part));
    return made.models(driver_, future.get().value());
  }

  /// Of models that one worker in each tab is to hold.
  static std::vector<std::shared_ptr<const ModelImpl>> models_of(const driver::Driver& driver,
                                                                 const std::vector<driver::ModelFile>& files,
                                                                 const ModelOptions& options,
                                                                 const std::shared_ptr<Lease>& lease) {
    const auto max_batch_size = std::make_shared<std::atomic<std::size_t>>(options.batching.maximum);
    std::vector<std::shared_ptr<const ModelImpl>> models;
    for (std::uint32_t part = 0; part < files.size(); ++part) {
      const auto& [name, info] = std::tie(files[part].name, files[part].info);
      auto cache = options.response_cache_bytes > 0
                       ? std::make_shared<driver::ResponseCache>(options.response_cache_bytes, driver.cache_counts())
                       : nullptr;
      models.push_back(std::make_shared<const ModelImpl>(name, info, options.task.value_or(deduce_task(name, info)),
                                                         lease, part, driver::context_of(info, options.context),
                                                         max_batch_size, std::move(cache)));
    }
    return models;
  }

  const Driver driver_;
};

#ifdef WEBPOOL_COMPILED
inline namespace link_webpool_compiled_or_include_webpool_src_hpp_in_one_file {
#else
inline namespace header_only {
#endif

WEBPOOL_DECL std::shared_ptr<PoolInterface> make_pool(PoolOptions options,
                                                      std::unique_ptr<engine::Decisions> policies) {
  return std::make_shared<PoolImpl>(std::move(options), std::move(policies));
}

}  // namespace
}  // namespace webpool::impl
