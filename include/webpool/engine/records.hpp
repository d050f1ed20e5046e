#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>
#include <webpool/engine/connection_set.hpp>
#include <webpool/engine/lane.hpp>
#include <webpool/engine/load_state.hpp>
#include <webpool/engine/model_spec.hpp>
#include <webpool/engine/recovery.hpp>
#include <webpool/error.hpp>
#include <webpool/placing.hpp>
#include <webpool/reliability/drift.hpp>
#include <webpool/reliability/health.hpp>
#include <webpool/reliability/patience.hpp>
#include <webpool/request.hpp>
#include <webpool/telemetry/histogram.hpp>

namespace webpool::engine {

/// The rows of the engine's tables.

/// What becomes of a model's place in a tab when its worker is gone.
enum class AfterWorker : std::uint8_t {
  closed,          ///< the tab is not asked for it again
  may_load_again,  ///< the model may be loaded into that tab once more
};

/// A run that a tab answered or failed.
struct EndedRun {
  WorkerId worker;
  TimePoint sent, ended;
  std::chrono::nanoseconds service;  // of `Outcome`
  std::uint32_t steps = 1;           // that took this time together
};

/// Whose result is held, and the run that gave it.
struct HeldResult {
  ConnectionId guest;
  EndedRun run;
};

struct RequestRow {
  enum class Phase : std::uint8_t {
    refused,  // not let in
    waits,    // in the scheduler
    sent,     // to a worker
    pauses,   // its run failed, and it is to be tried again
    held,     // it has a guest's result, which an own tab is to compute again
    bound,    // it waits for the one worker that has its tensors
  };

  /// What few requests have. It lies apart, so that many that wait take up little of the caches.
  struct Extras {
    ConnectionId failed_in{};                  // the tab of the last run that failed
    TimePoint failed{};                        // then
    std::optional<HeldResult> result{};        // that an own tab computes again
    std::shared_ptr<const Placing> placing{};  // null: anywhere
  };

  Request request;
  Phase phase = Phase::refused;
  Retry retry = Retry::always;
  std::uint8_t runs = 0;    // it has been sent so often
  std::uint32_t steps = 1;  // of its run, as far as was told
  WorkerId worker{};        // while it is sent
  TimePoint sent{};         // last
  WorkerId bound_to{};      // that alone may have it
  std::unique_ptr<Extras> extras{};

  const HeldResult* result() const noexcept { return extras && extras->result ? &*extras->result : nullptr; }
  const Placing* placing() const noexcept { return extras ? extras->placing.get() : nullptr; }

  Extras& with_extras() {
    if (!extras) extras = std::make_unique<Extras>();
    return *extras;
  }
};

/// How a model did on one kind of browser and backend.
struct Experience {
  Browser browser = Browser::other;
  Backend backend = Backend::wasm;
  std::uint64_t failed = 0;
  telemetry::Histogram latency;
  reliability::Drift drift;
  reliability::Patience patience;
};

struct RunInFlight {
  RequestId request;
  std::size_t bytes = 0;  // of its inputs
  TimePoint heard{};      // when it was sent, or there was news of it
  bool told = false;      // there was
};

/// One placement: a model in a tab, being loaded or ready.
struct WorkerRow {
  ConnectionId connection;
  ModelIndex model;
  std::size_t bytes = 0;
  TimePoint last_used;
  TimePoint opened{}, loaded{}, answered{};
  LoadState load{opened};
  bool in_doubt = false;  // its link has closed: it is lost, unless all its tab is
  std::uint64_t uses = 0;
  std::uint64_t agreements = 0;  // of a guest's results with those of an own tab
  bool ready = false;
  Experience* experience = nullptr;  // once it is ready
  std::vector<RunInFlight> runs{};   // sent and not answered; the request itself may have ended before
  std::vector<RequestId> bound{};    // requests that wait for it alone, oldest first
  std::size_t tensors = 0;           // that stay in it, part of its bytes
  std::vector<std::shared_ptr<const Placing>> placings{};                            // of those of them that have one
  std::vector<std::pair<RequestId, std::shared_ptr<const Placing>>> run_placings{};  // of runs that have one
  reliability::FailureShare failures{};
  reliability::Drift drift{};

  bool idle() const noexcept { return ready && runs.empty() && bound.empty(); }

  auto find(RequestId request) { return std::ranges::find(runs, request, &RunInFlight::request); }
  bool has(RequestId request) const { return std::ranges::find(runs, request, &RunInFlight::request) != runs.end(); }
};

struct ConnectionRow {
  std::optional<LaunchId> launch;
  TimePoint last_used;
  bool awaits_pong = false;
  unsigned unanswered_pings = 0;          // overdue ones, in a row
  double timer_lag_ms = 0;                // that it told of with its last heartbeat
  reliability::FailureShare failures{};   // over all its models
  double slowdown = 1;                    // of the model that has slowed down most
  std::size_t bytes_in_flight = 0;        // inputs, over all its models
  bool full = false;                      // those are as many as it may have: it has no room
  unsigned doubted = 0;                   // workers in doubt: while there are any, it has none either
  bool relieved = false;                  // it has room again, which its models have not been told
  bool marked = false;                    // in `Marks`
  bool suspended = false;                 // gets no requests until it answers a heartbeat
  std::optional<Attempt> attempt{};       // to get it out of trouble
  bool proven = false;                    // it answered a ping or loaded a model: its launch was a success
  bool draining = false;                  // takes nothing new, and is closed when nothing is in flight
  bool exited = false;                    // its browser process has ended
  std::optional<ModelIndex> yields_to{};  // gets no requests, so that this model can displace what falls idle
  std::string farewell = "the pool doesn't need this tab any more";  // when it has drained
  std::vector<WorkerId> workers{};

  bool has_room() const noexcept { return !full && doubted == 0; }
};

/// Why a model is to be loaded once more, which says what may be evicted for it. Models that don't fit together would
/// otherwise push each other out in turn. The more pressing comes first.
enum class Need : std::uint8_t {
  first,    // it is nowhere: any idle model may leave
  further,  // it is somewhere: any idle model that is also elsewhere may leave
  restore,  // nobody waits for it: nothing may leave
};

/// Why a model's next placement must wait.
enum class Obstacle : std::uint8_t {
  none,
  declined,  // the selector leaves it for later
  busy,      // the memory policy refused: other models are busy there
  never,     // refused in a way that waiting doesn't change
};

/// Loads of a model that failed in a tab, since it last held the model.
struct Setback {
  ConnectionId tab;
  unsigned failures = 0;
  bool pauses = false;  // the tab is not asked until then
  TimePoint until{};
};

/// Loads of a model that took their worker or tab along, in browsers of one kind.
struct Losses {
  Browser browser = Browser::other;
  unsigned in_a_row = 0;
  TimePoint resting_until{};
};

struct ModelRow {
  ModelRow(ModelSpec s, ModelIndex i, unsigned limit) : spec(std::move(s)), index(i), bytes(spec.bytes), lane(limit) {}

  ModelSpec spec;
  ModelIndex index;
  std::size_t bytes;                        // expected in the next tab
  Lane lane;                                // tabs that hold it, without those that drain
  ConnectionSet own;                        // those of the lane that the pool launched
  std::deque<RequestId> held;               // requests in that phase, oldest first
  std::vector<WorkerId> awaited;            // its workers that requests are bound to and wait for
  std::chrono::nanoseconds load_time{0};    // of the last load
  ConnectionSet placeable;                  // tabs that may hold it and don't
  ConnectionSet held_by;                    // tabs that have held it
  ConnectionSet failed_on;                  // tabs that could not load it, as far as is known now
  std::vector<Setback> setbacks;            // loads that are tried again
  std::optional<ConnectionIndex> offered;   // a tab that yielded to it: the first to ask
  std::optional<TimePoint> starving_since;  // it is nowhere, because other models are busy everywhere
  std::size_t in_flight = 0;                // its runs, sent and not answered
  std::size_t loading = 0;                  // placements under way
  bool evicted = false;                     // for another model: it comes back when it is asked for, not before
  bool announced = false;                   // ModelReady has been said
  bool marked = false;                      // in `Marks`
  Obstacle obstacle = Obstacle::none;       // cleared when something changes, and by each tick
  Need refused = Need::first;               // what met the obstacle
  std::vector<Error> reasons;               // distinct reasons why loading failed, the newest few
  std::vector<Losses> losses;               // at most one per kind of browser
  bool loads_alone = false;                 // it was loading in a tab that died, and so were others
  std::deque<Experience> experiences;       // a deque: workers point into it

  bool has_run() const noexcept { return !experiences.empty(); }

  /// Tabs that hold it or are about to.
  std::size_t present() const noexcept { return lane.size() + loading; }

  bool fits(const BrowserInfo& tab) const noexcept {
    return (tab.launched || !spec.own_tabs_only) &&
           (spec.browsers.empty() || std::ranges::find(spec.browsers, tab.browser) != spec.browsers.end());
  }

  Experience& experience(Browser browser, Backend backend) {
    for (Experience& each : experiences)
      if (each.browser == browser && each.backend == backend) return each;
    Experience& fresh = experiences.emplace_back();
    fresh.browser = browser;
    fresh.backend = backend;
    return fresh;
  }

  Losses& losses_in(Browser browser) {
    const auto known = std::ranges::find(losses, browser, &Losses::browser);
    return known == losses.end() ? losses.emplace_back(Losses{browser}) : *known;
  }
  bool rests_in(Browser browser, TimePoint now) const noexcept {
    const auto known = std::ranges::find(losses, browser, &Losses::browser);
    return known != losses.end() && now < known->resting_until;
  }
  bool rests(TimePoint now) const noexcept {
    return std::ranges::any_of(losses, [now](const Losses& each) { return now < each.resting_until; });
  }

  void add_reason(const Error& error) {
    constexpr std::size_t most = 8;
    for (const Error& known : reasons)
      if (known.message() == error.message()) return;
    if (reasons.size() == most) reasons.erase(reasons.begin());
    reasons.push_back(error);
  }
};

}  // namespace webpool::engine
