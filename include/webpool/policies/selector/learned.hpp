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

/// Routes by measured speed: per model, tab and size of batch (in powers of two) it keeps the average time that a run
/// keeps the tab busy, and takes the earliest expected finish,
///
///     average · (requests in flight there + 1)
///
/// A tab that has not run the model counts with the average of its browser and backend, and one of a kind that nobody
/// has measured is tried at once, with one request. Averages are exponential; two runs in a row that are off by more
/// than `surprise` replace the average, so a browser that drifts is believed after two runs, not after twenty.
///
/// Waiting can be better than running: a request stays queued while the faster tabs are full, as long as
/// q ≤ average · Σ rate of the n faster − n, where q requests wait or stand second in a tab (A. K. Agrawala et al.,
/// "A Stochastic Optimization Algorithm Minimizing Expected Flow Times on Uniform Processors", IEEE Trans. Computers
/// C-33, 1984). This rule is off beyond 64 tabs, where it would cost a scan, and an idle fast tab is rarely missing.
///
/// Exploration: a tab unused for `forget` requests of its model is asked again, as long as all such runs together took
/// no more than `explore` of the busy time longer than the best tab would have. So it costs a bounded share, and a tab
/// that is fifty times slower is asked fifty times less often. A failed run doubles the tab's average.
///
/// Use it wherever browsers, backends or devices differ. With one kind of tab `PowerOfTwo` does as well for less.
class Learned {
 public:
  struct Settings {
    double explore = 0.05;  ///< share of the busy time
    double weight = 0.3;    ///< of the newest run in an average
    double surprise = 2;    ///< factor
    unsigned forget = 32;   ///< requests
  };

  Learned() = default;
  explicit Learned(Settings settings) noexcept : settings_(settings) {}

  std::optional<ConnectionIndex> select(PoolView pool, const Request& request) noexcept {
    Table& table = table_of(request, pool.slots());
    const Sample sample(pool, draw_);
    if (pool.waiting() == 0) return for_load(table, pool, sample);

    ConnectionIndex best = sample.tabs().front();
    double finish = -1, estimate = 0;
    for (ConnectionIndex tab : sample.tabs()) {
      const double each = expected(table, pool, tab);
      if (each == 0 && pool[tab].in_flight > 0) continue;  // is being tried
      const double then = each * (pool[tab].in_flight + 1);
      if (finish < 0 || then < finish) best = tab, finish = then, estimate = each;
    }
    if (finish < 0) return best;  // all are
    if (const auto stale = worth_a_trial(table, pool, sample, estimate)) {
      best = *stale;
    } else if (estimate > 0 && better_to_wait(table, pool, estimate)) {
      return std::nullopt;
    }
    table.best = estimate;
    Arm& arm = table.arms[best.value];
    if (arm.joined != pool[best].joined) arm = {.joined = pool[best].joined};
    arm.asked = ++table.requests;
    return best;
  }

  void observe(const Outcome& outcome) noexcept {
    Table& table = table_of(outcome.request, outcome.connection.value + 1);
    Arm& arm = table.arms[outcome.connection.value];
    const bool trial = std::exchange(arm.trial, false);
    if (!outcome.ok) {
      arm.average *= 2;
      return;
    }
    const double time = std::max(std::chrono::duration<double>(outcome.service).count(), 1e-9);
    table.busy += time;
    if (trial) table.excess += std::max(time - table.best, 0.0);
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
    double& kind = table.kind(outcome.browser, outcome.backend);
    kind += (kind == 0 ? 1 : settings_.weight) * (time - kind);
  }

  /// What a run of the model is expected to take in that tab, in seconds; 0 when nothing is known.
  double expected(PoolView pool, const Request& request, ConnectionIndex tab) noexcept {
    return expected(table_of(request, pool.slots()), pool, tab);
  }

 private:
  struct Arm {
    TimePoint joined{};  // of the tab that the rest belongs to
    double average = 0, last = 0;
    std::uint64_t asked = 0;  // value of `Table::requests` when it was chosen last
    bool odd = false, trial = false;
  };
  struct Table {
    std::vector<Arm> arms;  // by connection
    std::array<double, 32> kinds{};
    double busy = 0, excess = 0, best = 0;
    std::uint64_t requests = 0;

    double& kind(Browser browser, Backend backend) noexcept {
      return kinds[static_cast<std::size_t>(browser) * 4 + static_cast<std::size_t>(backend)];
    }
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

  static double expected(Table& table, const PoolView& pool, ConnectionIndex tab) noexcept {
    const Arm& arm = table.arms[tab.value];
    if (arm.joined == pool[tab].joined && arm.average > 0) return arm.average;
    const auto backend = pool.backend(tab);
    return backend ? table.kind(pool[tab].browser.browser, *backend) : 0;
  }

  /// Of the idle tabs that it is time to ask again and whose run the budget allows, the one unused for longest.
  std::optional<ConnectionIndex> worth_a_trial(Table& table, const PoolView& pool, const Sample& sample,
                                               double estimate) noexcept {
    const double budget = settings_.explore * table.busy - table.excess;
    std::optional<ConnectionIndex> stalest;
    for (ConnectionIndex tab : sample.tabs()) {
      const Arm& arm = table.arms[tab.value];
      if (pool[tab].in_flight > 0 || table.requests - arm.asked < settings_.forget) continue;
      if (stalest && table.arms[stalest->value].asked <= arm.asked) continue;
      if (expected(table, pool, tab) - estimate <= budget) stalest = tab;
    }
    if (stalest) table.arms[stalest->value].trial = true;
    return stalest;
  }

  bool better_to_wait(Table& table, const PoolView& pool, double estimate) const noexcept {
    if (pool.slots() > few) return false;
    double rate = 0, faster = 0, queued = static_cast<double>(pool.waiting());
    for (std::uint32_t i = 0; i < pool.slots(); ++i) {
      const ConnectionIndex tab{i};
      if (!pool.serves(tab) || pool.contains(tab) || pool[tab].in_flight == 0) continue;
      const double each = expected(table, pool, tab);
      if (each == 0 || each >= estimate) continue;
      rate += 1 / each;
      faster += 1;
      queued += pool[tab].in_flight - 1;
    }
    return faster > 0 && queued <= estimate * rate - faster;
  }

  /// Where the model will be fastest, as far as other tabs of that browser tell; unknown ones first.
  static ConnectionIndex for_load(Table& table, const PoolView& pool, const Sample& sample) noexcept {
    const auto fastest = [&](ConnectionIndex tab) {
      double best = 0;
      for (const Backend backend : {Backend::wasm, Backend::webgpu, Backend::webnn}) {
        const double each = table.kind(pool[tab].browser.browser, backend);
        if (each > 0 && (best == 0 || each < best)) best = each;
      }
      return std::pair(best, pool[tab].models);
    };
    return std::ranges::min(sample.tabs(), {}, fastest);
  }

  Settings settings_{};
  std::vector<Table> tables_;  // by model and batch
  Draw draw_;
};

static_assert(BrowserSelector<Learned> && Observer<Learned>);

}  // namespace webpool::selector
