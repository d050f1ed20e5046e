#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/outputs.hpp>
#include <webpool/reliability/ladder.hpp>

namespace webpool {

// What a sink is told. References and views are valid during the call.

/// A request ended, other than from a response cache; requests that were batched are one.
struct RunRecord {
  std::string_view model;
  const Where* where = nullptr;  ///< the tab that ran it last; null: none has
  RunTimes times{};              ///< of a result; after an error, only `total`
  std::size_t rows = 1;          ///< extent of the inputs' first axis: the batch, where the model has one
  unsigned runs = 0;             ///< it was sent so often
  const Error* error = nullptr;  ///< null: it has its result
};

/// A tab holds a model, or can't.
struct LoadRecord {
  std::string_view model;
  ConnectionId connection;
  const BrowserInfo& browser;
  const Where* where = nullptr;      ///< null: it failed
  std::chrono::nanoseconds time{0};  ///< since the pool asked the tab for a worker
  std::size_t bytes = 0;             ///< of memory in the tab, or of the file where the page doesn't know
  bool from_cache = false;           ///< the browser had the bytes
  const Error* error = nullptr;
};

/// A tab joined.
struct JoinRecord {
  ConnectionId connection;
  const BrowserInfo& browser;
};

/// A tab is gone, by whatever cause.
struct LossRecord {
  ConnectionId connection;
  const BrowserInfo& browser;
  std::string_view reason;
};

/// The pool tries to get a tab out of trouble.
struct RepairRecord {
  ConnectionId connection;
  const BrowserInfo& browser;
  reliability::Trouble trouble;
  reliability::Rung rung;
  std::string_view reason;
};

/// The scaling policy had the pool launch browsers, or part with one.
struct ScalingRecord {
  std::size_t before = 0;  ///< tabs that stay and browsers that start
  std::size_t wanted = 0;  ///< of the same, within `min_connections` and `max_connections`
};

/// Is told what happens in a pool: for databases, metrics and logs. `PoolOptions::sinks` takes several; without one
/// nothing is recorded. Derive, and override what is of interest.
///
/// All functions are called on the pool's thread, in the order of events, and must not block: they copy what they need
/// and let another thread do the rest. What they throw is logged, and changes nothing else. A sink may outlive its
/// pool; after `close` it is told nothing more.
class RunSink {
 public:
  RunSink() = default;
  RunSink(const RunSink&) = delete;
  RunSink& operator=(const RunSink&) = delete;
  virtual ~RunSink() = default;

  virtual void ran(const RunRecord&) {}
  virtual void loaded(const LoadRecord&) {}
  virtual void joined(const JoinRecord&) {}
  virtual void lost(const LossRecord&) {}
  virtual void repaired(const RepairRecord&) {}
  virtual void scaled(const ScalingRecord&) {}
};

}  // namespace webpool
