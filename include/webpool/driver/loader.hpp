#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/detail/logger.hpp>
#include <webpool/driver/avoided_ways.hpp>
#include <webpool/driver/batcher.hpp>
#include <webpool/driver/browsers.hpp>
#include <webpool/driver/engine_port.hpp>
#include <webpool/driver/fastest_ways.hpp>
#include <webpool/driver/load_news.hpp>
#include <webpool/driver/load_plan.hpp>
#include <webpool/driver/load_turns.hpp>
#include <webpool/driver/loading_model.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/driver/roster.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/driver/sinks.hpp>
#include <webpool/engine/load_state.hpp>
#include <webpool/engine/model_spec.hpp>
#include <webpool/protocol/messages.hpp>
#include <webpool/task.hpp>

namespace webpool::driver {

/// The pool's models, and the way of each into its workers: which is told what to load, when, and what came of it. Owns
/// the models, their turns and what comparisons found; tells the engine of loads and the batcher of models. In the
/// pool's loop.
class Loader {
 public:
  /// Models to load into one worker per tab; `max_batch_size` is what `ModelOptions::batching.maximum` is from now on,
  /// and any thread may change it.
  struct Part {
    std::vector<ModelFile> files;
    ModelOptions options;
    Task task;
    Batcher::Maximum max_batch_size;
    LoadCompletion done{};
    std::shared_ptr<Ticket> ticket{};  ///< null where nobody can cancel it
  };

  struct Uses {
    const PoolOptions& options;
    const webpool::detail::Logger& logger;
    EnginePort& port;
    Roster& roster;
    const Browsers& browsers;
    Batcher& batches;
    const Sinks& sinks;
  };

  explicit Loader(const Uses& uses) : uses_(uses) {}

  // --- models

  ModelIndex add(Part part, Failing failing) {
    LoadingModel model(std::move(part.files), std::move(part.options), std::move(part.done), failing);
    model.ticket = std::move(part.ticket);
    engine::ModelSpec spec{model.name,
                           part.task,
                           model.bytes(),
                           model.options.browsers,
                           model.options.replicas,
                           model.options.pinned,
                           model.options.own_tabs_only,
                           model.options.placing,
                           model.identity()};
    const ModelIndex index = uses_.port.engine.add_model(std::move(spec), uses_.port.turn());
    if (model.files.size() == 1)
      uses_.batches.add_model(index, model.name, model.files[0].info, model.options.batching,
                              std::move(part.max_batch_size));
    models_.insert_or_assign(index, std::move(model));
    return index;
  }

  /// Models of which the first is wanted first: it gets its bytes before the others.
  std::vector<ModelIndex> add_parts(std::vector<Part> parts) {
    std::vector<ModelIndex> indices;
    indices.reserve(parts.size());
    for (Part& part : parts) indices.push_back(add(std::move(part), Failing::stays));
    turns_.add(indices);
    return indices;
  }

  /// Ends the model's requests. Its workers are closed by actions, after which `forget` follows.
  void release(ModelIndex model) {
    uses_.batches.remove_model(model);
    uses_.port.engine.remove_model(model, uses_.port.turn());
  }
  void forget(ModelIndex model) {
    models_.erase(model);
    turns_.remove(model);
  }

  /// Ends the load with that ticket; false where there is none, or it has ended.
  bool cancel(const Ticket& ticket) {
    const auto model = std::ranges::find_if(
        models_, [&](const auto& each) { return each.second.ready && each.second.ticket.get() == &ticket; });
    if (model == models_.end()) return false;
    announce(model->first, Error(errc::cancelled, "the load of model '" + model->second.name + "' was cancelled"));
    return true;
  }

  /// The model is loaded, or will never be: its caller hears that, once.
  void announce(ModelIndex index, const std::optional<Error>& error) {
    const auto model = models_.find(index);
    if (model == models_.end() || !model->second.ready) return;
    auto ready = std::exchange(model->second.ready, {});
    if (!error) return ready(index);
    if (model->second.failing == Failing::leaves) {
      release(index);
      models_.erase(model);
    }
    ready(*error);
  }

  const LoadingModel& model(ModelIndex index) const { return models_.at(index); }

  bool has(std::string_view name) const {
    return std::ranges::any_of(models_, [&](const auto& entry) {
      return entry.second.name == name || std::ranges::count(entry.second.files, name, &ModelFile::name) > 0;
    });
  }

  /// A model, or a file beside one; null when no such model is loaded.
  const ServedFile* file(std::string_view sha256) const {
    for (const auto& [index, model] : models_)
      if (const ServedFile* found = model.find(sha256)) return found;
    return nullptr;
  }

  /// Of one of the models that a worker holds; empty when they have been released.
  std::string_view name(ModelIndex index, std::uint32_t part) const {
    const auto model = models_.find(index);
    return model == models_.end() ? std::string_view() : std::string_view(model->second.files[part].name);
  }

  std::uint64_t cache_hits() const noexcept { return cache_hits_; }

  /// Lets go of what callers gave, which may own what must not outlive the pool's thread.
  void clear() { models_.clear(); }

  // --- workers

  /// A worker is to hold the model, once it attaches.
  Worker& open_worker(WorkerId id, ConnectionId tab, ModelIndex model) {
    turns_.opened(id, tab, model);
    return uses_.roster.add_worker(id, tab, model, models_.at(model).name);
  }

  bool may_use_webnn(const Worker& worker) const {
    const BrowserInfo& browser = browser_of(worker);
    return driver::may_use_webnn(model(worker.model).options, uses_.browsers.options_of(browser.browser), browser);
  }

  /// The worker has attached: it is sent its load, when its turn has come.
  void start(Worker& worker) {
    const LoadingModel& model = this->model(worker.model);
    const BrowserInfo& browser = browser_of(worker);
    LoadPlan plan = plan_load(worker.id, model.files, model.options,
                              {browser, uses_.browsers.options_of(browser.browser), uses_.options.memory,
                               known_way(model, browser), avoided_.find(model.identity(), browser, Clock::now())});
    worker.passed_over = std::move(plan.passed_over);
    plan.message.importance = turns_.importance(worker.model);
    if (plan.message.backends.empty())
      fail(worker, errc::no_backend, describe(worker.passed_over));
    else if (turns_.hold(worker.id, plan.message))
      note(worker.id, {engine::LoadStage::waits});
    else
      send(worker, plan.message);
  }

  /// False: the worker has no such model.
  bool progress(Worker& worker, const protocol::Progress& news) {
    if (news.stage != protocol::LoadStage::fetch || news.done == news.total) send(turns_.fetched(worker.id));
    const LoadingModel& model = this->model(worker.model);
    if (news.part >= model.files.size()) return false;
    note(worker.id, believed(model, worker, news));
    if (model.options.progress)
      model.options.progress(
          {browser_of(worker), model.files[news.part].name, protocol::to_string(news.stage), news.done, news.total});
    return true;
  }

  void loaded(Worker& worker, protocol::Loaded& news) {
    const LoadingModel& model = this->model(worker.model);
    const BrowserInfo& browser = browser_of(worker);
    if (model.options.fastest && model.files.size() == 1 && !known_way(model, browser))
      fastest_.learn(model.files[0].sha256, model.options, browser,
                     {news.backend, news.device, news.variant, news.tried});
    worker.where = place_of(worker, browser_of(worker), news);
    const std::size_t bytes = memory_of(model, news);
    if (uses_.logger.debugging())
      uses_.logger.debug("model '" + model.name + "' is loaded on " + describe(*worker.where));
    send(turns_.ended(worker.id));
    uses_.batches.tab_came(worker.model);
    cache_hits_ += news.from_cache ? 1 : 0;
    if (uses_.sinks)
      uses_.sinks.tell(&RunSink::loaded, {.model = worker.model_name,
                                          .connection = worker.tab,
                                          .browser = browser,
                                          .where = worker.where.get(),
                                          .time = Clock::now() - worker.opened,
                                          .bytes = bytes,
                                          .from_cache = news.from_cache});
    uses_.port.engine.loaded(worker.id, news.backend, bytes, uses_.port.turn());
  }

  /// The worker's backend could not run its model, and another one has taken over, with an answer.
  void moved(Worker& worker, protocol::Loaded& news) {
    const LoadingModel& model = this->model(worker.model);
    const std::string why = news.tried.empty() ? "a run failed" : news.tried.front().message;
    avoided_.fail(model.identity(), browser_of(worker), worker.way(), why);
    uses_.logger.info("model '" + model.name + "' leaves " + describe(*worker.where) + ": " + why);
    worker.passed_over = worker.where->passed_over;
    worker.before = AvoidedWays::Before::answered;
    worker.where = place_of(worker, browser_of(worker), news);
    uses_.port.engine.moved(worker.id, news.backend, memory_of(model, news));
  }

  /// The worker did not answer in time: its backend may hang on this model.
  void hung(const Worker& worker, const std::string& reason) {
    avoided_.hang(model(worker.model).identity(), browser_of(worker), worker.way(), reason, worker.before,
                  Clock::now());
  }

  /// The worker can't hold its model.
  void failed(const Worker& worker, errc code, const protocol::RunError& news) {
    auto reasons = worker.passed_over;
    reasons.insert(reasons.end(), news.tried.begin(), news.tried.end());
    fail(worker, code, reasons.empty() ? news.message : describe(reasons));
  }

  /// Tells sinks that the worker won't hold its model.
  void record_failure(const Worker& worker, const Error& error) const {
    if (uses_.sinks)
      uses_.sinks.tell(&RunSink::loaded, {.model = worker.model_name,
                                          .connection = worker.tab,
                                          .browser = browser_of(worker),
                                          .time = Clock::now() - worker.opened,
                                          .error = &error});
  }

  /// The worker is about to leave the roster.
  void worker_goes(const Worker& worker) {
    if (worker.where) uses_.batches.tab_went(worker.model);
    send(turns_.ended(worker.id));
  }

 private:
  const BrowserInfo& browser_of(const Worker& worker) const { return uses_.roster.tab(worker.tab).browser; }

  /// Models that share a worker are compared as one, which nothing else is equal to.
  const FastestWay* known_way(const LoadingModel& model, const BrowserInfo& browser) const {
    return model.files.size() == 1 ? fastest_.find(model.files[0].sha256, model.options, browser) : nullptr;
  }

  void note(WorkerId worker, const engine::LoadNews& news) {
    uses_.port.engine.load_progressed(worker, news, Clock::now());
  }

  void send(const Worker& worker, const protocol::Load& load) {
    note(worker.id, {engine::LoadStage::fetch, 0, model(worker.model).bytes()});
    worker.peer->send(load);
  }

  void fail(const Worker& worker, errc code, const std::string& message) {
    const Error error = uses_.roster.about(worker, code, message);
    record_failure(worker, error);
    uses_.port.engine.load_failed(worker.id, error, uses_.port.turn());
  }

  /// Their turn has come.
  void send(const LoadTurns::Ready& loads) {
    for (const auto& [next, load] : loads) {
      const Worker* const worker = uses_.roster.find(next);
      if (!worker || !worker->peer) continue;
      send(*worker, load);
    }
  }

  const Uses uses_;
  std::unordered_map<ModelIndex, LoadingModel> models_;
  LoadTurns turns_;
  FastestWays fastest_;
  AvoidedWays avoided_;
  std::uint64_t cache_hits_ = 0;
};

}  // namespace webpool::driver
