#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <webpool/clock.hpp>
#include <webpool/detail/logger.hpp>
#include <webpool/driver/browsers.hpp>
#include <webpool/driver/engine_port.hpp>
#include <webpool/driver/loader.hpp>
#include <webpool/driver/residents.hpp>
#include <webpool/driver/roster.hpp>
#include <webpool/driver/sinks.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>

namespace webpool::driver {

/// What follows when a worker, a tab or a browser is no more: its link is closed, its tensors are lost, other loads get
/// their turn, and the engine hears of it unless it knows. Touches the roster, the residents, the loader and the
/// browsers. In the pool's loop.
class Departures {
 public:
  struct Uses {
    const webpool::detail::Logger& logger;
    EnginePort& port;
    Roster& roster;
    Residents& residents;
    Loader& loader;
    Browsers& browsers;
    const Sinks& sinks;
  };

  explicit Departures(const Uses& uses) : uses_(uses) {}

  // --- what the engine has decided

  void remove(Worker& worker, const std::string& words) {
    uses_.roster.close_link(worker, words);
    uses_.residents.lose(worker.id);
    uses_.loader.worker_goes(worker);
    uses_.roster.remove(worker, words);
  }

  void remove(Tab& tab, const std::string& words) {
    if (uses_.sinks) uses_.sinks.tell(&RunSink::lost, {tab.id, tab.browser, words});
    const auto workers = uses_.roster.workers_of(tab.id);
    uses_.roster.remove(tab, words);
    for (const WorkerId id : workers) uses_.roster.close_link(uses_.roster.worker(id), "its tab is gone");
    for (const WorkerId id : workers) remove(uses_.roster.worker(id), "its tab is gone");
  }

  // --- what the engine hears of

  /// The worker's link has closed. If its page has died, the browser says so within moments, and that is what to
  /// repair: until then nobody decides anything.
  void worker_unlinked(const Worker& worker, const std::string& reason) {
    if (!uses_.roster.tab(worker.tab).launch) return worker_lost(worker, reason);
    doubts_.push_back({worker.id, reason, Clock::now() + doubt});
    uses_.port.engine.worker_in_doubt(worker.id);
  }

  /// Workers whose page has not died meanwhile are lost alone.
  void settle_doubts(TimePoint now) {
    while (!doubts_.empty() && doubts_.front().until <= now) {
      const Doubt settled = std::move(doubts_.front());
      doubts_.pop_front();
      if (const Worker* const worker = uses_.roster.find(settled.worker)) worker_lost(*worker, settled.reason);
    }
  }

  /// A worker is no more, and its page is still there.
  void worker_lost(const Worker& worker, const std::string& reason) {
    const errc code = worker.where ? errc::connection_lost : errc::load_failed;
    const Error error = uses_.roster.about(worker, code, reason);
    if (!worker.where) uses_.loader.record_failure(worker, error);
    uses_.port.engine.worker_lost(worker.id, error, uses_.port.turn());
  }

  /// The tab's control link has closed, or its browser says that the page is gone.
  void tab_left(Tab& tab, const std::string& reason) {
    const ConnectionId id = tab.id;
    const std::string who = describe(tab.browser);
    uses_.logger.info(who + " left: " + reason);
    uses_.roster.note(tab, "it left: " + reason);
    uses_.roster.report(tab, reason);
    bury_browsers(Clock::now());  // perhaps its browser has ended, which is worse
    remove(tab, reason);
    uses_.port.engine.left(id, Error(errc::connection_lost, who + " went away: " + reason), uses_.port.turn());
  }

  /// A browser says that its page is gone: as if the page's control link had closed, which may take longer.
  void page_gone(LaunchId launch, const std::string& reason) {
    if (Tab* const tab = uses_.roster.find(launch)) {
      const auto link = tab->peer ? tab->peer->link() : nullptr;
      tab_left(*tab, reason);
      if (Peer* const peer = link ? uses_.roster.find(*link) : nullptr) uses_.roster.drop(*peer);
    } else if (!uses_.browsers.expects_page(launch)) {
      give_up(launch, Error(errc::launch_failed, reason));
    }
  }

  /// The browser could not open the tab that it was asked for.
  void tab_not_opened(LaunchId launch, const Error& error) {
    if (uses_.browsers.expect_no_page(launch)) give_up(launch, error);
  }

  /// Looks which browsers have ended.
  void bury_browsers(TimePoint now) {
    uses_.browsers.poll(now, [&](LaunchId launch, const Error& last_words) {
      uses_.port.engine.exited(launch, last_words, uses_.port.turn(now));
    });
  }

 private:
  struct Doubt {
    WorkerId worker;
    std::string reason;
    TimePoint until;
  };

  /// Chromium and Firefox report a dead page 10 to 20 ms after its sockets have closed, on a busy machine later.
  static constexpr std::chrono::milliseconds doubt{250};

  /// A browser without a page is of no use.
  void give_up(LaunchId launch, const Error& error) {
    uses_.port.engine.exited(launch, error, uses_.port.turn());
    uses_.browsers.close(launch, Clock::now());
  }

  const Uses uses_;
  std::deque<Doubt> doubts_;  ///< the oldest first
};

}  // namespace webpool::driver
