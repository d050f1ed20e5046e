#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/ids.hpp>
#include <webpool/page_hints.hpp>
#include <webpool/reliability/ladder.hpp>
#include <webpool/trust.hpp>

namespace webpool {

/// The pool at one moment. Counters count since the pool began; every request submitted is in exactly one of the sums.
/// If a model's requests are batched (`BatchOptions`), a batch that is sent counts as one request, which is cancelled
/// when none of its requests is wanted any more. Requests that end while they are being collected are not counted.
struct Metrics {
  std::size_t connections = 0, starting = 0, models = 0, workers = 0;
  std::size_t queued = 0, in_flight = 0;
  std::size_t memory_bytes = 0;  ///< of loaded models, as the pages report
  std::uint64_t submitted = 0, completed = 0, failed = 0, cancelled = 0, expired = 0;
  std::uint64_t launches = 0, joins = 0,
                losses = 0;                ///< browsers started, tabs that joined, tabs that went away unexpectedly
  std::uint64_t loads = 0, evictions = 0;  ///< models loaded into a tab, and evicted from one by the memory policy
  std::uint64_t model_cache_hits = 0;      ///< loads whose bytes the browser still had
  std::uint64_t retries = 0;               ///< runs that failed and were retried
  std::uint64_t late_replies = 0;          ///< replies that nobody was waiting for any more
  /// Results of guests that own tabs computed again (`GuestSettings`); those of them that differed; and those that
  /// should have been computed again but reached the caller unchecked, because no own tab could do it.
  std::uint64_t rechecked = 0, disagreements = 0, unchecked = 0;
  std::size_t device_tensors = 0, device_bytes = 0;  ///< kept in tabs for this program; part of `memory_bytes`
  /// Bytes that did not travel: of outputs that stayed in their tab, and of inputs that were already there. Tensors
  /// that were copied from a tab to the host, on request or because their next model was elsewhere, and their bytes.
  std::uint64_t device_bytes_saved = 0, device_copies = 0, device_bytes_copied = 0;
  std::uint64_t cache_hits = 0, cache_misses = 0;  ///< of response caches; a hit is in none of the sums above
  /// Messages that modules in pages sent; those that nobody handled; handlers that threw; and troubles that pages
  /// reported: modules that could not be imported, messages that nobody there handled or whose handlers failed.
  std::uint64_t messages_received = 0, messages_unheard = 0, message_handler_errors = 0, page_troubles = 0;
};

/// One tab as it is now.
struct ConnectionInfo {
  ConnectionId id;
  BrowserInfo browser;
  double health = 100;  ///< 0 to 100: `reliability::health`
  unsigned in_flight = 0, models = 0;
  std::size_t memory_bytes = 0;  ///< of its models, as the page reports
  std::uint64_t completed = 0, failed = 0;
  Trust trust = Trust::guest;
  std::uint64_t agreements = 0;  ///< of a guest's results with those of an own tab
  PageHints hints{};             ///< from its last heartbeat
};

/// How often one remedy for one kind of trouble was tried.
struct RecoveryStats {
  reliability::Trouble trouble{};
  reliability::Rung rung{};
  std::uint64_t tried = 0, worked = 0;  ///< worked: a correct answer came before the next trouble
  double mean_seconds = 0;              ///< from the trouble to that answer
};

/// How one model did on one browser and backend. Latencies in milliseconds, submission to completion.
struct ExecutionStats {
  std::string model;
  Browser browser = Browser::other;
  Backend backend = Backend::wasm;
  std::uint64_t completed = 0, failed = 0;
  double p50_ms = 0, p95_ms = 0, mean_ms = 0;
};

}  // namespace webpool
