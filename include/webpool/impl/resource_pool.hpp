#pragma once

// The members of ResourcePool, for the file that instantiates it. They are not inline: `extern template` keeps them out
// of other files that include this, too.

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
#include <webpool/driver/driver.hpp>
#include <webpool/driver/kernel_file.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/driver/model_origin.hpp>
#include <webpool/driver/part_order.hpp>
#include <webpool/driver/read_parts.hpp>
#include <webpool/driver/response_cache.hpp>
#include <webpool/engine/engine.hpp>
#include <webpool/protocol/check_message.hpp>
#include <webpool/protocol/encode.hpp>
#include <webpool/resource_pool.hpp>

namespace webpool {

namespace detail {

inline std::string message_frame(std::string_view name, std::string_view body,
                                 const std::vector<NamedTensor>& tensors) {
  if (const auto fault = protocol::message_fault(name, body, tensors))
    throw Error(errc::invalid_message, "message '" + std::string(name.substr(0, 40)) + "' can't be sent: " + *fault);
  std::string frame;
  protocol::encode(frame, protocol::Custom{std::string(name), std::string(body), tensors});
  return frame;
}

}  // namespace detail

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
ResourcePool<B, C, M, S>::ResourcePool(PoolOptions options, B selector, C scaling, M memory, S queue)
    : driver_(std::make_shared<Driver>(std::move(options), std::move(selector), std::move(scaling), std::move(memory),
                                       std::move(queue))) {}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
Model ResourcePool<B, C, M, S>::load(const std::filesystem::path& path, ModelOptions options) {
  refuse_pool_thread();
  auto file = read_file(path, options);
  return load_file(std::move(file), std::move(options));
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
Model ResourcePool<B, C, M, S>::kernel(const Kernel& kernel, ModelOptions options) {
  refuse_pool_thread();
  auto file = driver::make_kernel_file(kernel, options);
  return load_file(std::move(file), std::move(options));
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
std::vector<Model> ResourcePool<B, C, M, S>::load_together(std::vector<ModelSource> parts, ModelOptions options) {
  refuse_pool_thread();
  auto files = driver::read_parts(parts, options);
  driver::check_backends(files.front().name, options.backends);
  return load_files(std::move(files), std::move(options));
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
std::vector<Model> ResourcePool<B, C, M, S>::load_parts(std::vector<ModelPart> parts) {
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

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
bool ResourcePool<B, C, M, S>::has_model(std::string_view name) const {
  return driver_->has_model(name);
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
std::vector<Expected<Outputs>> ResourcePool<B, C, M, S>::execute_concurrent(
    std::vector<std::pair<Model, Inputs>> requests, const RequestOptions& options) {
  std::vector<std::future<Expected<Outputs>>> futures;
  futures.reserve(requests.size());
  for (auto& [model, inputs] : requests)
    futures.push_back(model.start(std::move(inputs), options, model.state_->cache.get()));
  std::vector<Expected<Outputs>> results;
  results.reserve(futures.size());
  for (auto& future : futures) results.push_back(future.get());
  return results;
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
void ResourcePool<B, C, M, S>::on_join(std::function<void(const BrowserInfo&)> handler) {
  driver_->on_join(std::move(handler));
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
void ResourcePool<B, C, M, S>::on_message(std::string name, MessageHandler handler) {
  if (const auto fault = protocol::message_name_fault(name))
    throw Error(errc::invalid_message, "no message can come: " + *fault);
  driver_->on_message(std::move(name), std::move(handler));
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
bool ResourcePool<B, C, M, S>::send_message(ConnectionId connection, std::string_view name, std::string_view body,
                                            const std::vector<NamedTensor>& tensors) {
  return driver_->send_frame(connection, detail::message_frame(name, body, tensors)) > 0;
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
std::size_t ResourcePool<B, C, M, S>::broadcast_message(std::string_view name, std::string_view body,
                                                        const std::vector<NamedTensor>& tensors) {
  return driver_->send_frame(std::nullopt, detail::message_frame(name, body, tensors));
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
std::string ResourcePool<B, C, M, S>::join_url() const {
  return driver_->join_url();
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
Metrics ResourcePool<B, C, M, S>::metrics() const {
  return driver_->metrics();
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
std::vector<ConnectionInfo> ResourcePool<B, C, M, S>::connections() const {
  return driver_->ask([](const Engine& engine) { return engine.connections(); });
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
std::vector<RecoveryStats> ResourcePool<B, C, M, S>::recovery_stats() const {
  return driver_->ask([](const Engine& engine) { return engine.recovery_stats(); });
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
std::vector<ExecutionStats> ResourcePool<B, C, M, S>::execution_stats() const {
  return driver_->ask([](const Engine& engine) { return engine.execution_stats(); });
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
void ResourcePool<B, C, M, S>::close() {
  driver_->close();
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
void ResourcePool<B, C, M, S>::refuse_pool_thread() const {
  if (driver_->loop().runs_here())
    throw Error(errc::would_deadlock,
                "a blocking call on the pool's own thread would wait for itself; use async_load in handlers");
}

// Lets the pool's initializer change the options before they are checked.
template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
driver::ModelFile ResourcePool<B, C, M, S>::read_file(const std::filesystem::path& path, ModelOptions& options) const {
  const PoolOptions& pool = driver_->options();
  driver::ModelFile file = driver::read_model_file(path, options, pool.model_initializer);
  driver::check_backends(file.name, options.backends);
  driver::check_batching(file.name, file.info, options.batching);
  if (!options.url.empty()) driver::check_model_url(file.name, options.url, pool.model_origins);
  return file;
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
Model ResourcePool<B, C, M, S>::load_file(driver::ModelFile file, ModelOptions options) {
  std::vector<driver::ModelFile> files;
  files.push_back(std::move(file));
  return load_files(std::move(files), std::move(options)).front();
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
std::vector<Model> ResourcePool<B, C, M, S>::load_files(std::vector<driver::ModelFile> files, ModelOptions options) {
  std::promise<Expected<std::vector<Model>>> promise;
  auto future = promise.get_future();
  start_load(std::move(files), std::move(options),
             [promise = std::move(promise)](Expected<std::vector<Model>> result) mutable {
               promise.set_value(std::move(result));
             });
  return std::move(future.get()).value();
}

// What it returns loads the file that it has read.
template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
auto ResourcePool<B, C, M, S>::prepare_load(const std::filesystem::path& path, ModelOptions options)
    -> detail::UniqueFunction<void(Loaded)> {
  std::vector<driver::ModelFile> files;
  files.push_back(read_file(path, options));
  return [this, files = std::move(files), options = std::move(options)](Loaded done) mutable {
    start_load(std::move(files), std::move(options),
               [done = std::move(done)](Expected<std::vector<Model>> result) mutable {
                 if (result)
                   done(std::optional(std::move(result->front())));
                 else
                   done(result.error());
               });
  };
}

template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
void ResourcePool<B, C, M, S>::start_load(std::vector<driver::ModelFile> files, ModelOptions options, AllLoaded done) {
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

// Of models that one worker in each tab is to hold.
template <BrowserSelector B, ScalingPolicy C, MemoryPolicy M, Scheduler S>
std::vector<Model> ResourcePool<B, C, M, S>::handles_of(const std::vector<driver::ModelFile>& files,
                                                        const ModelOptions& options,
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

}  // namespace webpool
