#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace webpool::reliability {

/// What can be wrong with a tab, beyond one request.
enum class Trouble : std::uint8_t {
  runs_fail,     ///< `ConnectionSettings::error_threshold` consecutive failures
  worker_died,   ///< the thread that holds a model ended by itself
  device_lost,   ///< its GPU device went away
  timed_out,     ///< a run or load was not answered in time: the worker spins or hangs
  silent,        ///< three heartbeats were not answered: the page is frozen
  page_crashed,  ///< the browser says so
};

/// What may help, cheapest first. Meanwhile requests are retried in another tab, whatever the rung.
enum class Rung : std::uint8_t { restart_worker, reload_page, new_tab, restart_browser, other_browser };

inline constexpr std::array<std::string_view, 6> trouble_names{"runs_fail", "worker_died", "device_lost",
                                                               "timed_out", "silent",      "page_crashed"};
inline constexpr std::array<std::string_view, 5> rung_names{"restart_worker", "reload_page", "new_tab",
                                                            "restart_browser", "other_browser"};
constexpr std::string_view to_string(Trouble trouble) noexcept {
  return trouble_names[static_cast<std::size_t>(trouble)];
}
constexpr std::string_view to_string(Rung rung) noexcept { return rung_names[static_cast<std::size_t>(rung)]; }

/// The rungs that are possible now: not every browser can be told to open a tab.
using Rungs = std::array<bool, rung_names.size()>;

/// The results of one rung for one kind of trouble.
struct RungRecord {
  std::uint64_t tried = 0, worked = 0;
  double seconds = 0;  ///< mean time from the trouble to the next correct answer, of the attempts that worked
};

/// Chooses the rung with the least expected time to recover, and learns from the outcome:
///
///     V(r) = c(r) + (1 − p(r)) · V(r')      r' is the next possible rung above
///
/// p is the share of attempts that worked, and c the time that they took. Both start from the priors below, which were
/// measured on Chromium and Firefox and weigh as much as two attempts. The choice is optimal if rungs fail
/// independently (ordering tests by cost and chance: R. Boothroyd, "Least-Cost Testing Sequence", J. of Industrial
/// Engineering 11, 1960).
class Ladder {
 public:
  /// The rung to try, above `tried` if that is given; empty if none is left.
  constexpr std::optional<Rung> next(Trouble trouble, std::optional<Rung> tried, const Rungs& possible) const noexcept {
    std::optional<Rung> best;
    double above = 0, least = 0;
    bool top = true;
    const std::size_t lowest = tried ? static_cast<std::size_t>(*tried) + 1 : 0;
    for (std::size_t i = possible.size(); i-- > lowest;) {
      if (!possible[i]) continue;
      const auto [chance, cost] = estimate(trouble, static_cast<Rung>(i));
      // A failure on the last rung is final: it costs as much as trying that rung again.
      above = top ? cost / chance : cost + (1 - chance) * above;
      if (top || above <= least) {
        best = static_cast<Rung>(i);
        least = above;
      }
      top = false;
    }
    return best;
  }

  constexpr void learn(Trouble trouble, Rung rung, bool worked, std::chrono::duration<double> took) noexcept {
    RungRecord& known = at(trouble, rung);
    ++known.tried;
    if (!worked) return;
    ++known.worked;
    known.seconds += (std::max(took.count(), 0.0) - known.seconds) / static_cast<double>(known.worked);
  }

  constexpr const RungRecord& record(Trouble trouble, Rung rung) const noexcept {
    return records_[static_cast<std::size_t>(trouble)][static_cast<std::size_t>(rung)];
  }

 private:
  struct Estimate {
    double chance, seconds;
  };
  static constexpr double weight = 2;  // of the priors, in attempts
  static constexpr std::array<Estimate, rung_names.size()> priors{
      {{0.7, 0.3}, {0.7, 1.0}, {0.7, 1.2}, {0.9, 2.5}, {0.9, 4.0}}};

  constexpr RungRecord& at(Trouble trouble, Rung rung) noexcept {
    return records_[static_cast<std::size_t>(trouble)][static_cast<std::size_t>(rung)];
  }

  constexpr Estimate estimate(Trouble trouble, Rung rung) const noexcept {
    const RungRecord& known = record(trouble, rung);
    const Estimate& prior = priors[static_cast<std::size_t>(rung)];
    const auto tried = static_cast<double>(known.tried), worked = static_cast<double>(known.worked);
    return {(worked + weight * prior.chance) / (tried + weight),
            (worked * known.seconds + weight * prior.seconds) / (worked + weight)};
  }

  std::array<std::array<RungRecord, rung_names.size()>, trouble_names.size()> records_{};
};

}  // namespace webpool::reliability
