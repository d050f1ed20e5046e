#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <webpool/clock.hpp>
#include <webpool/detail/logger.hpp>
#include <webpool/detail/token.hpp>
#include <webpool/driver/avoided_ways.hpp>
#include <webpool/driver/check_outputs.hpp>
#include <webpool/driver/disagreement.hpp>
#include <webpool/driver/engine_port.hpp>
#include <webpool/driver/loader.hpp>
#include <webpool/driver/pending_requests.hpp>
#include <webpool/driver/resident_tensor.hpp>
#include <webpool/driver/residents.hpp>
#include <webpool/driver/roster.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/engine/rechecks.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>
#include <webpool/outputs.hpp>
#include <webpool/protocol/messages.hpp>

namespace webpool::driver {

/// What workers say on their data links. Each `take` handles one message, and returns what is wrong with it; then the
/// link is closed. Nothing that a page says is believed before it is checked. Touches the roster, the loader, the
/// pending requests, the residents and the engine. In the pool's loop.
class WorkerInbox {
 public:
  struct Uses {
    const PoolOptions& options;
    const webpool::detail::Logger& logger;
    Runtime& runtime;  ///< the pool, to which tensors in its workers belong
    EnginePort& port;
    Roster& roster;
    PendingRequests& pending;
    Residents& residents;
    Loader& loader;
  };

  explicit WorkerInbox(const Uses& uses) : uses_(uses) {}

  // --- loads

  std::optional<Error> take(Peer& from, const protocol::Attach& attach) {
    if (from.worker) return out_of_turn("attach");
    if (attach.version != protocol::version)
      return Error(errc::version_mismatch, "the worker speaks version " + std::to_string(attach.version));
    Worker* const worker = uses_.roster.find(attach.worker);
    if (!worker || worker->attached || !webpool::detail::equal_in_constant_time(attach.key, worker->key))
      return Error(errc::wrong_token, "no worker waits under that key");
    uses_.roster.attach(*worker, from);
    from.note("worker " + std::to_string(worker->id.value) + " attached");
    uses_.loader.start(*worker);
    return std::nullopt;
  }

  std::optional<Error> take(Peer& from, const protocol::Progress& news) {
    if (!from.worker) return out_of_turn("progress");
    if (!uses_.loader.progress(*from.worker, news)) return out_of_turn("progress of a model that is not loaded");
    return std::nullopt;
  }

  std::optional<Error> take(Peer& from, protocol::Loaded& news) {
    Worker* const worker = from.worker;
    if (!worker || news.id != worker->id.value) return out_of_turn("loaded");
    if (!worker->where)
      uses_.loader.loaded(*worker, news);
    else if (worker->before == AvoidedWays::Before::silent && worker->way() != Way{news.backend, news.device})
      uses_.loader.moved(*worker, news);
    else
      return out_of_turn("loaded");
    return std::nullopt;
  }

  // --- runs

  std::optional<Error> take(Peer& from, const protocol::Tokens& news) {
    const Worker* const worker = from.worker;
    const PendingRequest* const request = uses_.pending.find(news.id);
    if (!worker || !worker->where || (request && !request->generation)) return out_of_turn("tokens");
    const TimePoint now = Clock::now();
    if (!uses_.port.engine.progressed(worker->id, news.id, now) || !request) return std::nullopt;
    const auto wrong = request->generation->take(news, request->milliseconds(now));
    return wrong ? std::optional(Error(errc::malformed_frame, *wrong)) : std::nullopt;
  }

  std::optional<Error> take(Peer& from, protocol::Result& result) {
    Worker* const worker = from.worker;
    if (!worker || !worker->where) return out_of_turn("result");
    PendingRequest* const request = uses_.pending.find(result.id);
    const std::optional<Error> wrong = wrong_outputs(*worker, request, result);
    const std::optional<Error> differs = wrong ? std::nullopt : difference_from_held(*worker, request, result);
    const bool checkable = !request || (request->options.keep_on_device.empty() && !request->generation);
    const engine::Reply reply{.worker = worker->id,
                              .request = result.id,
                              .error = wrong ? &*wrong : nullptr,
                              .check = {checkable ? draw_for(*worker) : 1, differs ? &*differs : nullptr}};
    const TimePoint now = Clock::now();
    worker->before = AvoidedWays::Before::answered;
    if (request && !wrong)
      adopt(*worker, *request, result);
    else
      let_go(*worker, result);
    if (uses_.port.engine.finished(reply, uses_.port.turn(now))) {
      result.times.total = request->milliseconds(now);
      request->outputs = Outputs(std::move(result.outputs), worker->where, result.times);
    }
    return std::nullopt;
  }

  std::optional<Error> take(Peer& from, const protocol::RunError& news) {
    const Worker* const worker = from.worker;
    if (!worker) return out_of_turn("error");
    const errc code = protocol::parse_error_code(news.code).value_or(errc::run_failed);
    if (uses_.logger.debugging() && !news.stack.empty()) uses_.logger.debug(news.message + "\n" + news.stack);
    if (!worker->where && news.id == worker->id.value) {
      uses_.loader.failed(*worker, code, news);
    } else {
      const Error error = uses_.roster.about(*worker, code, news.message);
      uses_.port.engine.finished({worker->id, RequestId{news.id}, &error, news.started}, uses_.port.turn());
    }
    return std::nullopt;
  }

  std::optional<Error> take(Peer& from, const protocol::DeviceLost& news) {
    const Worker* const worker = from.worker;
    if (!worker) return out_of_turn("device_lost");
    const Error error = uses_.roster.about(*worker, errc::device_lost, news.reason + ": " + news.message);
    uses_.port.engine.worker_lost(worker->id, error, uses_.port.turn());
    return std::nullopt;
  }

 private:
  /// What a run left in its worker becomes outputs.
  void adopt(const Worker& worker, const PendingRequest& request, protocol::Result& result) {
    for (const auto& [name, datatype, shape, tensor] : result.kept) {
      const auto there = std::make_shared<const ResidentTensor>(uses_.runtime.weak_from_this(), worker.model, worker.id,
                                                                tensor, datatype, shape);
      uses_.residents.add(there, request.placing);
      uses_.port.engine.kept(worker.id, there->bytes(), request.placing);
      result.outputs.push_back({name, Tensor(datatype, shape, there)});
    }
    if (request.copy) uses_.residents.note_copy(result.outputs[0].tensor.bytes().size());
  }

  /// Nobody wants what a run left in its worker.
  static void let_go(const Worker& worker, const protocol::Result& result) {
    for (const auto& each : result.kept) worker.peer->send(protocol::Release{{&each.tensor, 1}});
  }

  /// Decides whether a guest's result is checked, so the guest must not be able to guess it.
  double draw_for(const Worker& worker) {
    if (uses_.options.guests.recheck_share == 0 || uses_.roster.tab(worker.tab).browser.launched) return 1;
    return std::uniform_real_distribution<double>()(random_);
  }

  /// How a guest's result that was held differs from this one, of an own tab.
  std::optional<Error> difference_from_held(const Worker& worker, const PendingRequest* request,
                                            const protocol::Result& result) const {
    if (!request || !request->held.shared_where()) return std::nullopt;
    const auto text = disagreement({request->held.begin(), request->held.end()}, result.outputs, uses_.options.guests);
    if (!text) return std::nullopt;
    return Error(errc::run_failed, "model '" + worker.model_name + "' on a guest's " + describe(request->held.where()) +
                                       ", computed again on " + describe(*worker.where) + ": " + *text);
  }

  std::optional<Error> wrong_outputs(const Worker& worker, const PendingRequest* request,
                                     const protocol::Result& result) const {
    const auto& files = uses_.loader.model(worker.model).files;
    // Of which of the models an answer is that nobody waits for any more, nobody knows.
    if (!request && (files.size() > 1 || result.finish)) return std::nullopt;
    const auto wrong = request ? request->check(result, files)
                               : check_outputs(files[0].info, result.outputs, result.kept, nullptr, {});
    return wrong ? std::optional(uses_.roster.about(worker, errc::run_failed, *wrong)) : std::nullopt;
  }

  const Uses uses_;
  std::random_device random_;
};

}  // namespace webpool::driver
