#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <webpool/clock.hpp>

namespace webpool::reliability {

/// When a circuit opens, and how it closes again.
struct CircuitSettings {
  unsigned consecutive = 5;                         ///< consecutive failures that open it; 0: never
  double failure_share = 0.5;                       ///< share of failures in the last 20 runs from which it opens
  unsigned sample = 10;                             ///< runs that this share needs at least
  std::chrono::milliseconds slow{0};                ///< a run that takes this long counts as a failure; 0: none does
  std::chrono::milliseconds ejection{1'000};        ///< time open at first; each further time is twice as long ...
  std::chrono::milliseconds longest{60'000};        ///< ... up to this; after this long without opening, it starts over
  unsigned trials = 3;                              ///< trial requests at a time, and successes that close it
  std::chrono::milliseconds trial_timeout{10'000};  ///< a trial that has not ended by then gives its slot back
};

/// A circuit breaker for one thing that can fail. Closed, it lets everything through. Open, it lets nothing through.
/// After a while it is half-open and lets a few trials through, whose outcomes close or reopen it. See M. Nygard,
/// "Release It!" (2007). Failure rates work as in resilience4j, growing ejections as in Envoy's outlier detection.
///
/// Runs that began before the circuit opened don't count, because they say nothing about recovery. Time must not go
/// backwards; if it does, the latest time stands.
class Circuit {
 public:
  enum class State : std::uint8_t { closed, open, half_open };

  constexpr State state(TimePoint now) const noexcept {
    return !opened_ ? State::closed : now < until_ ? State::open : State::half_open;
  }

  /// Whether one more request may go through.
  constexpr bool allows(TimePoint now, const CircuitSettings& settings) const noexcept {
    switch (state(now)) {
      case State::closed: return true;
      case State::open: return false;
      case State::half_open: break;
    }
    return std::ranges::any_of(slots(settings), [&](TimePoint taken) { return free(taken, now, settings); });
  }

  /// A request goes through. If the circuit is half-open, it is a trial.
  constexpr void sent(TimePoint now, const CircuitSettings& settings) noexcept {
    if (state(now) != State::half_open) return;
    const auto slot = std::ranges::min_element(trials_.begin(), trials_.begin() + count(settings));
    *slot = now;
  }

  /// A run ended that was sent at `began`.
  constexpr void ended(bool ok, TimePoint began, std::chrono::nanoseconds service, TimePoint now,
                       const CircuitSettings& settings) noexcept {
    if (settings.slow.count() > 0 && service >= settings.slow) ok = false;
    if (state(now) == State::closed) return count_closed(ok, now, settings);
    if (began < until_) return;  // from before the trials
    const auto slot = std::ranges::max_element(trials_.begin(), trials_.begin() + count(settings));
    *slot = TimePoint{};
    if (!ok) return open(now, settings);
    if (++successes_ >= settings.trials) close(now);
  }

 private:
  static constexpr unsigned window = 20;
  static constexpr unsigned most_trials = 8;

  static constexpr std::ptrdiff_t count(const CircuitSettings& settings) noexcept {
    return std::clamp(settings.trials, 1u, most_trials);
  }
  constexpr std::span<const TimePoint> slots(const CircuitSettings& settings) const noexcept {
    return {trials_.data(), static_cast<std::size_t>(count(settings))};
  }
  static constexpr bool free(TimePoint taken, TimePoint now, const CircuitSettings& settings) noexcept {
    return taken == TimePoint{} || now - taken >= settings.trial_timeout;
  }

  constexpr void count_closed(bool ok, TimePoint now, const CircuitSettings& settings) noexcept {
    history_ = (history_ << 1 | (ok ? 0u : 1u)) & ((1u << window) - 1);
    runs_ = std::min(runs_ + 1, window);
    in_a_row_ = ok ? 0 : in_a_row_ + 1;
    const auto failures = static_cast<double>(std::popcount(history_));
    if ((settings.consecutive > 0 && in_a_row_ >= settings.consecutive) ||
        (runs_ >= settings.sample && failures >= settings.failure_share * runs_))
      open(now, settings);
  }

  constexpr void open(TimePoint now, const CircuitSettings& settings) noexcept {
    if (times_ > 0 && !opened_ && now - closed_since_ >= settings.longest) times_ = 0;
    const auto wait = settings.ejection * (1 << std::min(times_, 20u));
    ++times_;
    opened_ = true;
    until_ = now + std::min(wait, settings.longest);
    successes_ = 0;
    trials_ = {};
  }

  constexpr void close(TimePoint now) noexcept {
    opened_ = false;
    closed_since_ = now;
    history_ = runs_ = in_a_row_ = 0;
  }

  bool opened_ = false;                             // and not closed since
  unsigned history_ = 0, runs_ = 0, in_a_row_ = 0;  // the last runs, the latest in the lowest bit; 1 is a failure
  unsigned times_ = 0;                              // times it has opened without a long good period in between
  unsigned successes_ = 0;                          // of trials
  TimePoint until_{}, closed_since_{};
  std::array<TimePoint, most_trials> trials_{};  // when each slot was taken
};

}  // namespace webpool::reliability
