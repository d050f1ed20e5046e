#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/concepts/observer.hpp>
#include <webpool/policies/selector/sample.hpp>

namespace webpool::selector {

/// Routes by measured speed. Per model, tab and batch size (in powers of two) it keeps the average time that a run
/// keeps the tab busy, and takes the earliest expected finish,
///
///     finish = average · (requests of the model in flight there + 1) + c · average of the tab · those of other models
///
/// where c, from 0 to 1, is how much the models of a tab slow each other down, as measured: 0 if they run side by side,
/// 1 if they share one processor.
///
/// Averages are exponential. If two consecutive runs are off by more than `surprise`, they replace the average, so a
/// browser that drifts is believed after two runs. A tab that has not run the model counts with the average of its
/// browser and backend. A tab of a kind that nobody has measured is tried at once, with one request. A failed run
/// doubles the tab's average.
///
/// Waiting can be better than running. A request stays queued as long as the faster tabs, which are full, would finish
/// everything that waits before the best tab with room finished this request. Such thresholds are optimal for a given
/// backlog (A. K. Agrawala et al., "A Stochastic Optimization Algorithm Minimizing Expected Flow Times on Uniform
/// Processors", IEEE Trans. Computers C-33, 1984). The rule is off beyond 64 tabs, where it would cost a scan and a
/// fast tab is nearly always idle.
///
/// Exploration: a tab that was unused for `forget` requests of its model is asked again, as long as the extra time of
/// such runs, compared with the best tab, is at most `explore` of the busy time, and three quarters of that for one
/// tab. Exploration therefore costs a bounded share, and a tab that is fifty times slower is asked fifty times less
/// often.
///
/// Use it whenever browsers, backends or devices differ. With one kind of tab, `PowerOfTwo` does as well for less. The
/// defaults did best in `benchmarks/policies`.
class Learned {
 public:
  struct Settings {
    double explore = 0.02;  ///< share of the busy time
    double weight = 0.1;    ///< of the newest run in an average
    double surprise = 3;    ///< factor
    unsigned forget = 32;   ///< requests
  };

  Learned() = default;
  explicit Learned(Settings settings) noexcept : settings_(settings) {}

  std::optional<ConnectionIndex> select(const PoolView& pool, const Request& request) noexcept {
    Table& table = table_of(request, pool.slots());
    const Sample sample(pool, draw_);
    if (pool.waiting() == 0) return for_load(table, pool, sample);

    ConnectionIndex best = sample.tabs().front();
    double finish = -1, estimate = 0;
    for (ConnectionIndex tab : sample.tabs()) {
      const double each = expected(table, pool, tab);
      if (each == 0 && pool[tab].in_flight > 0) continue;  // is being tried
      const double then = each * (pool.in_flight(tab) + 1) + others(pool, tab);
      if (finish < 0 || then < finish) best = tab, finish = then, estimate = each;
    }
    if (finish < 0) return best;  // all are
    if (const auto stale = worth_a_trial(table, pool, sample, estimate)) {
      best = *stale;
    } else if (estimate > 0 && better_to_wait(table, pool, finish)) {
      return std::nullopt;
    }
    table.best = estimate;
    Arm& arm = arm_of(table, best, pool[best].joined);
    arm.crowded = pool[best].in_flight > pool.in_flight(best);
    arm.asked = ++table.requests;
    return best;
  }

  void observe(const Outcome& outcome) noexcept {
    Table& table = table_of(outcome.request, outcome.connection.value + 1);
    Arm& arm = arm_of(table, outcome.connection, outcome.joined);
    const bool trial = std::exchange(arm.trial, false);
    if (!outcome.ok) {
      arm.average *= 2;
      return;
    }
    const double time = std::max(std::chrono::duration<double>(outcome.service).count(), 1e-9);
    table.busy += time;
    if (trial) {
      const double excess = std::max(time - table.best, 0.0);
      arm.excess += excess;
      table.excess += excess;
    }
    const bool odd = time > arm.average * settings_.surprise || time * settings_.surprise < arm.average;
    if (arm.average == 0) {
      arm.average = time;
    } else if (odd && arm.odd) {
      arm.average = (arm.last + time) / 2;
    } else {
      arm.average += settings_.weight * (time - arm.average);
    }
    arm.odd = odd;
    arm.last = time;
    if (arm.average > 0) {
      double& mean = arm.crowded ? crowded_ : alone_;
      mean += 0.05 * (std::min(time / arm.average, 4.0) - mean);
    }
    if (outcome.connection.value >= tabs_.size()) tabs_.resize(outcome.connection.value + 1);
    Tab& tab = tabs_[outcome.connection.value];
    if (tab.joined != arm.joined) tab = {arm.joined, 0};
    tab.average += (tab.average == 0 ? 1 : settings_.weight) * (time - tab.average);
    double& kind = table.kind(outcome.browser, outcome.backend);
    kind += (kind == 0 ? 1 : settings_.weight) * (time - kind);
  }

  /// The expected time of a run of the model in that tab, in seconds; 0 if nothing is known.
  double expected(const PoolView& pool, const Request& request, ConnectionIndex tab) noexcept {
    return expected(table_of(request, pool.slots()), pool, tab);
  }

 private:
  struct Arm {
    TimePoint joined{};  // of the tab that the rest belongs to
    double average = 0, last = 0;
    double excess = 0;        // of its trials over the best tab
    std::uint64_t asked = 0;  // value of `Table::requests` when it was chosen last
    bool odd = false, trial = false, crowded = false;
  };
  struct Table {
    std::vector<Arm> arms;  // by connection
    std::array<double, webpool::detail::browser_names.size() * max_backends> kinds{};
    double busy = 0, excess = 0, best = 0;
    std::uint64_t requests = 0;

    double& kind(Browser browser, Backend backend) noexcept {
      return kinds[static_cast<std::size_t>(browser) * max_backends + static_cast<std::size_t>(backend)];
    }
  };
  /// All models of a tab together.
  struct Tab {
    TimePoint joined{};
    double average = 0;
  };
  static constexpr std::size_t batches = 8;  // 1, 2, 3-4, 5-8 ... rows
  static constexpr std::size_t few = 64;

  Table& table_of(const Request& request, std::size_t slots) {
    const auto batch = std::min<std::size_t>(std::bit_width(std::max(request.rows, 1u) - 1), batches - 1);
    const std::size_t place = request.model.value * batches + batch;
    if (place >= tables_.size()) tables_.resize(place + 1);
    Table& table = tables_[place];
    if (slots > table.arms.size()) table.arms.resize(slots);
    return table;
  }

  /// What is known about a tab; nothing, if a new tab has taken its index.
  static Arm& arm_of(Table& table, ConnectionIndex tab, TimePoint joined) noexcept {
    Arm& arm = table.arms[tab.value];
    if (arm.joined != joined) arm = {.joined = joined};
    return arm;
  }

  static double expected(Table& table, const PoolView& pool, ConnectionIndex tab) noexcept {
    const Arm& arm = table.arms[tab.value];
    if (arm.joined == pool[tab].joined && arm.average > 0) return arm.average;
    const auto backend = pool.backend(tab);
    return backend ? table.kind(pool[tab].browser.browser, *backend) : 0;
  }

  /// Of the idle tabs that are due to be asked again and whose run fits the budget, the one unused for longest.
  std::optional<ConnectionIndex> worth_a_trial(Table& table, const PoolView& pool, const Sample& sample,
                                               double estimate) noexcept {
    const double budget = settings_.explore * table.busy;
    std::optional<ConnectionIndex> stalest;
    for (ConnectionIndex tab : sample.tabs()) {
      const Arm& arm = table.arms[tab.value];
      if (pool[tab].in_flight > 0 || table.requests - arm.asked < settings_.forget) continue;
      if (stalest && table.arms[stalest->value].asked <= arm.asked) continue;
      const double excess = expected(table, pool, tab) - estimate;
      if (table.excess + excess <= budget && arm.excess + excess <= 0.75 * budget) stalest = tab;
    }
    if (stalest) table.arms[stalest->value].trial = true;
    return stalest;
  }

  /// How much time the models of a tab take from each other: 0 if they run side by side, 1 if they take turns.
  double crowding() const noexcept { return std::clamp(2 * (crowded_ / alone_ - 1), 0.0, 1.0); }

  /// The expected time of the requests for other models in the tab, in seconds.
  double others(const PoolView& pool, ConnectionIndex tab) const noexcept {
    if (tab.value >= tabs_.size() || tabs_[tab.value].joined != pool[tab].joined) return 0;
    return crowding() * tabs_[tab.value].average * (pool[tab].in_flight - pool.in_flight(tab));
  }

  /// Whether the full tabs would finish everything that waits by then. A tab without any of the model's requests is not
  /// full: a filter before this part ruled it out, and waiting for it might never end.
  bool better_to_wait(Table& table, const PoolView& pool, double finish) const noexcept {
    if (pool.slots() > few) return false;
    std::size_t done = 0;
    for (std::uint32_t i = 0; i < pool.slots() && done < pool.waiting(); ++i) {
      const ConnectionIndex tab{i};
      if (!pool.serves(tab) || pool.contains(tab) || pool.in_flight(tab) == 0) continue;
      const double each = expected(table, pool, tab), ahead = each * pool.in_flight(tab) + others(pool, tab);
      if (each > 0 && ahead < finish) done += static_cast<std::size_t>((finish - ahead) / each);
    }
    return done >= pool.waiting();
  }

  /// Where the model will be fastest, judged by other tabs of the same browser; unknown ones first.
  static ConnectionIndex for_load(Table& table, const PoolView& pool, const Sample& sample) noexcept {
    const auto fastest = [&](ConnectionIndex tab) {
      double best = 0;
      for (std::size_t backend = 0; backend < max_backends; ++backend) {
        const double each = table.kind(pool[tab].browser.browser, static_cast<Backend>(backend));
        if (each > 0 && (best == 0 || each < best)) best = each;
      }
      return std::pair(best, pool[tab].models);
    };
    return std::ranges::min(sample.tabs(), {}, fastest);
  }

  Settings settings_{};
  std::vector<Table> tables_;       // by model and batch
  std::vector<Tab> tabs_;           // by connection
  double crowded_ = 1, alone_ = 1;  // runs' times as shares of their averages, beside other models' and without
  Draw draw_;
};

static_assert(BrowserSelector<Learned> && Observer<Learned>);

}  // namespace webpool::selector
