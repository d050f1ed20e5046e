#pragma once

#include <chrono>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/error.hpp>
#include <webpool/metrics.hpp>
#include <webpool/reliability/ladder.hpp>

namespace webpool::engine {

using reliability::Rung;
using reliability::Trouble;

/// A rung that was climbed for a tab.
struct Attempt {
  Trouble trouble = Trouble::runs_fail;
  Rung rung = Rung::restart_worker;
  TimePoint since{};
  bool worked = false;  // there has been a right answer since
};

/// Which rung comes next for a tab in trouble, and what is learned from the last one.
class Recovery {
 public:
  /// The rung to climb now; `last` is the tab's attempt before and becomes the new one. Empty when none is left.
  std::optional<Rung> climb(std::optional<Attempt>& last, Trouble trouble, const reliability::Rungs& possible,
                            TimePoint now) {
    // When a page dies, its workers are often missed first: to restart those was no attempt.
    if (last && last->rung == Rung::restart_worker && trouble == Trouble::page_crashed && now - last->since < hunch)
      last.reset();
    if (last && !last->worked) failed(*last);
    const bool relapse = last && now - last->since < memory;
    const auto rung = ladder_.next(trouble, relapse ? std::optional(last->rung) : std::nullopt, possible);
    last.reset();
    if (rung) last = Attempt{trouble, *rung, now};
    return rung;
  }

  /// A tab with an attempt behind it gave a right answer.
  void helped(Attempt& attempt, TimePoint now) {
    if (std::exchange(attempt.worked, true)) return;
    ladder_.learn(attempt.trouble, attempt.rung, true, now - attempt.since);
  }

  void failed(const Attempt& attempt) { ladder_.learn(attempt.trouble, attempt.rung, false, {}); }

  std::vector<RecoveryStats> stats() const {
    std::vector<RecoveryStats> all;
    for (std::size_t trouble = 0; trouble < reliability::trouble_names.size(); ++trouble)
      for (std::size_t rung = 0; rung < reliability::rung_names.size(); ++rung) {
        const auto& record = ladder_.record(static_cast<Trouble>(trouble), static_cast<Rung>(rung));
        if (record.tried > 0)
          all.push_back(
              {static_cast<Trouble>(trouble), static_cast<Rung>(rung), record.tried, record.worked, record.seconds});
      }
    return all;
  }

 private:
  /// So long after an attempt, trouble counts as the same one come back.
  static constexpr std::chrono::seconds memory{60}, hunch{1};

  reliability::Ladder ladder_;
};

/// What kind of trouble a lost worker is.
inline Trouble trouble_of(const Error& reason) noexcept {
  return reason.code() == errc::device_lost ? Trouble::device_lost
         : reason.code() == errc::timed_out ? Trouble::timed_out
                                            : Trouble::worker_died;
}

}  // namespace webpool::engine
