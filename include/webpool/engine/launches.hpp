#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>
#include <webpool/engine/expiries.hpp>
#include <webpool/engine/recovery.hpp>
#include <webpool/engine/slot_map.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>

namespace webpool::engine {

/// The browsers that the pool started, and which kind to start next.
///
/// Kinds take turns: the one with the fewest instances comes next, the earliest listed among equals. A kind that fails
/// waits 0.5 s, then 1 s; after three failures in a row it rests for 30 s, and again after each further one. But where
/// nothing else is there, one that has worked before is tried again after 0.5 s, 1 s, 2 s and so on, up to nine
/// failures in a row: what killed it may be over, as Envoy's panic threshold assumes. A set of kinds is passed as a
/// span, where an empty one means all.
class Launches {
 public:
  struct Row {
    Browser browser = Browser::other;
    std::optional<ConnectionId> connection;  // once it has joined
    std::optional<Attempt> attempt;          // that it is part of
  };

  /// `kinds`: those that can be launched, in order.
  explicit Launches(std::vector<Browser> kinds) : kinds_(std::move(kinds)) {}

  /// The kind to launch next; empty when none of `wanted` can be launched right now.
  std::optional<Browser> choose(std::span<const Browser> wanted, TimePoint now) const {
    std::optional<Browser> best;
    for (Browser kind : kinds_)
      if (contains(wanted, kind) && now >= of(kind).not_before && (!best || of(kind).instances < of(*best).instances))
        best = kind;
    if (best || instances(wanted) > 0) return best;
    for (Browser kind : kinds_)
      if (contains(wanted, kind) && trusted(kind) && now >= of(kind).last_resort &&
          (!best || of(kind).last_resort < of(*best).last_resort))
        best = kind;
    return best;
  }

  /// Whether one of `wanted` can be launched now or after a short wait.
  bool possible(std::span<const Browser> wanted, TimePoint now) const {
    return std::ranges::any_of(
        kinds_, [&](Browser kind) { return contains(wanted, kind) && (!rests(kind, now) || trusted(kind)); });
  }

  /// How many of `wanted` have been launched and have not joined yet.
  std::size_t starting(std::span<const Browser> wanted = {}) const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < history_.size(); ++i)
      if (contains(wanted, static_cast<Browser>(i))) sum += history_[i].starting;
    return sum;
  }

  LaunchId start(Browser kind, TimePoint connect_by, std::optional<Attempt> attempt = std::nullopt) {
    ++of(kind).instances;
    ++of(kind).starting;
    const LaunchId id = rows_.insert({kind, std::nullopt, attempt});
    timeouts_.push(connect_by, id);
    return id;
  }

  /// Browsers that start or have joined.
  std::size_t size() const noexcept { return rows_.size(); }

  Row* find(LaunchId id) noexcept { return rows_.find(id); }
  Row& operator[](LaunchId id) noexcept { return rows_[id]; }

  void joined(LaunchId id, ConnectionId connection) {
    Row& row = rows_[id];
    row.connection = connection;
    --of(row.browser).starting;
  }

  /// Its page goes, and is to join once more.
  void rejoins(LaunchId id, TimePoint connect_by, std::optional<Attempt> attempt) {
    Row& row = rows_[id];
    row.connection.reset();
    row.attempt = attempt;
    ++of(row.browser).starting;
    timeouts_.push(connect_by, id);
  }

  /// Other kinds are to be launched for a while.
  void rest(Browser kind, const Error& words, TimePoint now) {
    History& history = of(kind);
    history.failures = std::max(history.failures, failures_tolerated);
    history.not_before = now + resting;
    history.last_resort = now + first_wait;
    history.words = words;
  }

  /// The process is gone or going.
  void erase(LaunchId id) {
    const Row& row = rows_[id];
    --of(row.browser).instances;
    if (!row.connection) --of(row.browser).starting;
    rows_.erase(id);
  }

  void succeeded(Browser kind) {
    of(kind).failures = 0;
    of(kind).not_before = {};
    of(kind).worked = true;
  }

  void failed(Browser kind, const Error& words, TimePoint now) {
    History& history = of(kind);
    ++history.failures;
    history.last_resort = now + std::min<Duration>(resting, first_wait * (1 << std::min(history.failures - 1, 6u)));
    history.not_before = history.failures < failures_tolerated ? history.last_resort : now + resting;
    history.words = words;
  }

  /// One launch that did not join in time.
  std::optional<LaunchId> pop_overdue(TimePoint now) {
    while (const auto id = timeouts_.pop_due(now)) {
      const Row* row = rows_.find(*id);
      if (row && !row->connection) return id;
    }
    return std::nullopt;
  }

  /// The last words of each kind of `wanted` that rests.
  std::vector<Error> last_words(std::span<const Browser> wanted, TimePoint now) const {
    std::vector<Error> all;
    for (Browser kind : kinds_)
      if (contains(wanted, kind) && rests(kind, now)) all.push_back(*of(kind).words);
    return all;
  }

  std::span<const Browser> kinds() const noexcept { return kinds_; }

  template <class Visit>
  void for_each(Visit visit) {
    rows_.for_each(visit);
  }

 private:
  static constexpr unsigned failures_tolerated = 3, failures_tolerated_of_trusted = 9;
  static constexpr std::chrono::milliseconds first_wait{500};
  static constexpr std::chrono::seconds resting{30};

  struct History {
    std::size_t instances = 0, starting = 0;  // the second are part of the first
    unsigned failures = 0;                    // in a row
    bool worked = false;                      // once, at least
    TimePoint not_before{}, last_resort{};    // the second where nothing else is there
    std::optional<Error> words;
  };

  static bool contains(std::span<const Browser> set, Browser kind) {
    return set.empty() || std::ranges::find(set, kind) != set.end();
  }
  std::size_t instances(std::span<const Browser> wanted) const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < history_.size(); ++i)
      if (contains(wanted, static_cast<Browser>(i))) sum += history_[i].instances;
    return sum;
  }
  bool trusted(Browser kind) const { return of(kind).worked && of(kind).failures < failures_tolerated_of_trusted; }
  bool rests(Browser kind, TimePoint now) const {
    return of(kind).failures >= failures_tolerated && now < of(kind).not_before;
  }
  History& of(Browser kind) { return history_[static_cast<std::size_t>(kind)]; }
  const History& of(Browser kind) const { return history_[static_cast<std::size_t>(kind)]; }

  std::vector<Browser> kinds_;
  std::array<History, detail::browser_names.size()> history_{};
  SlotMap<LaunchId, Row> rows_;
  Expiries<LaunchId> timeouts_;
};

}  // namespace webpool::engine
