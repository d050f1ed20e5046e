#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <webpool/engine/assessment.hpp>
#include <webpool/engine/fleet.hpp>
#include <webpool/engine/recovery.hpp>
#include <webpool/engine/recycling.hpp>
#include <webpool/engine/removal.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/supply.hpp>
#include <webpool/engine/turn.hpp>

namespace webpool::engine {

/// Something is wrong with a tab, beyond one request.
struct TabTrouble {
  enum class Page : std::uint8_t { open, gone };

  ConnectionId tab;
  Trouble kind;
  const Error& reason;
  std::optional<WorkerId> worker{};  ///< the one to restart, if it is still there
  Page page = Page::open;            ///< gone: the driver has lost it already
};

/// Keeps tabs well: heartbeats, the ladder of repairs, the end of a tab that drains, renewal of worn ones.
class Repair {
 public:
  Repair(State& state, Fleet& fleet, Removal& removal, Supply& supply)
      : state_(state), fleet_(fleet), removal_(removal), supply_(supply) {}

  /// Climbs the next rung of the ladder.
  void recover(const TabTrouble& trouble, Turn turn) {
    ConnectionRow& row = state_.tables.connections[trouble.tab];
    const bool listens = trouble.kind != Trouble::silent && trouble.kind != Trouble::page_crashed;
    if (row.draining && listens) return;
    const auto rung = next_rung(row, trouble, listens, turn.now);
    if (rung && !state_.options.sinks.empty())
      turn.out.emplace_back(Repairs{trouble.tab,
                                    std::make_shared<const BrowserInfo>(state_.tables.state(trouble.tab).browser),
                                    trouble.kind, *rung, trouble.reason.message()});
    if (rung == Rung::restart_worker) {
      if (trouble.worker) removal_.close_worker(*trouble.worker, AfterWorker::may_load_again, trouble.reason, turn);
      return;
    }
    if (!listens) removal_.lost_loads.tab_died(trouble.tab, trouble.reason, turn.now);
    const bool rejoins = rung == Rung::reload_page || rung == Rung::new_tab;
    if (rung == Rung::reload_page)
      turn.out.emplace_back(ReloadPage{trouble.tab, trouble.reason.message()});
    else if (rung == Rung::new_tab)
      turn.out.emplace_back(NewTab{trouble.tab, *row.launch, trouble.reason.message()});
    else
      give_up_browser(row, rung, trouble, turn);
    removal_.forget(trouble.tab, rejoins ? AfterTab::page_rejoins : AfterTab::browser_ends, trouble.reason, turn);
  }

  /// One more failure in a row: too many are trouble of the tab.
  void count_failure(ConnectionId id, std::optional<WorkerId> worker, const Error& error, Turn turn) {
    const unsigned threshold = state_.options.connection.error_threshold;
    unsigned& failures = state_.tables.state(id).consecutive_failures;
    if (++failures < threshold || threshold == 0) return;
    const Error reason(errc::connection_lost,
                       std::to_string(failures) + " failures in a row, the last: " + error.message());
    failures = 0;
    recover({.tab = id, .kind = Trouble::runs_fail, .reason = reason, .worker = worker}, turn);
  }

  /// A marked tab: one that drains is closed with its last reply; one that yields is then offered to the model that
  /// needs it; one that was full may have room for other models.
  void settle(ConnectionId id, Turn turn) {
    ConnectionRow* row = state_.tables.connections.find(id);
    if (!row) return;
    row->marked = false;
    const bool relieved = std::exchange(row->relieved, false);
    const bool idle = state_.tables.state(id).in_flight == 0;
    if (idle && row->draining) {
      removal_.close_tab(id, Error(errc::connection_lost, row->farewell), turn);
    } else if (idle && row->yields_to) {
      ModelRow* needy = state_.tables.model(*row->yields_to);
      state_.tables.reopen(id);
      if (needy && needy->starving_since) {
        needy->obstacle = Obstacle::none;
        needy->offered = Tables::index_of(id);
        supply_.acquire(*needy, turn);
        needy->offered.reset();
      }
      state_.marks.mark_all();
    } else if (relieved) {
      state_.marks.mark_all();
    }
  }

  /// Heartbeats, silent, unused and worn tabs.
  void tick(Turn turn) {
    const ConnectionSettings& limits = state_.options.connection;
    const bool ping = limits.health_interval.count() > 0 && turn.now >= next_ping_;
    if (ping) next_ping_ = turn.now + limits.health_interval;
    std::vector<ConnectionId> silent, unused;
    std::optional<std::pair<ConnectionId, std::string>> worn;
    state_.tables.connections.for_each([&](ConnectionId id, ConnectionRow& row) {
      if (ping && beat(id, row, turn) == Heart::silent) return silent.push_back(id);
      if (!row.launch || row.draining) return;
      const ConnectionState& tab = state_.tables.state(id);
      if (limits.idle_timeout.count() > 0 && turn.now - row.last_used >= limits.idle_timeout && tab.in_flight == 0 &&
          !state_.tables.loads(row) && !state_.tables.holds_tensors(row))
        unused.push_back(id);
      else if (auto why = why_recycle(row, tab, limits, turn.now); why && !worn)
        worn = {id, *std::move(why)};
    });
    const Error silence(errc::connection_lost, "no answer to " + std::to_string(pings_tolerated) +
                                                   " heartbeats, one each " + seconds(limits.health_interval));
    for (ConnectionId id : silent) {
      ++state_.counters.losses;
      recover({.tab = id, .kind = Trouble::silent, .reason = silence}, turn);
    }
    for (ConnectionId id : unused)
      if (fleet_.staying() > state_.options.min_connections && fleet_.own_tabs_left(1)) removal_.drain(id, turn);
    if (worn) renew(worn->first, worn->second, turn);
  }

 private:
  struct Renewal {
    ConnectionId worn;
    std::uint64_t joins;  // when the new tab was launched
    TimePoint deadline;
  };
  enum class Heart : std::uint8_t { beats, silent };

  static constexpr unsigned pings_tolerated = 3;

  std::optional<Rung> next_rung(ConnectionRow& row, const TabTrouble& trouble, bool listens, TimePoint now) {
    if (row.draining || state_.closed) return std::nullopt;
    return state_.recovery.climb(
        row.attempt, trouble.kind,
        {listens && (trouble.kind != Trouble::runs_fail || trouble.worker), listens, row.launch && row.proven,
         row.launch.has_value(), row.launch && fleet_.launches.kinds().size() > 1},
        now);
  }

  /// The tab's browser ends; without a rung left, it is not replaced because of that.
  void give_up_browser(const ConnectionRow& row, std::optional<Rung> rung, const TabTrouble& trouble, Turn turn) {
    if (rung) fleet_.restart_as(row.attempt);
    const BrowserInfo& browser = state_.tables.state(trouble.tab).browser;
    if (rung == Rung::other_browser)
      fleet_.launches.rest(browser.browser, prefixed(described(browser), trouble.reason), turn.now);
    if (trouble.page == TabTrouble::Page::open)
      turn.out.emplace_back(CloseConnection{trouble.tab, trouble.reason.message(), true});
  }

  /// Sends a heartbeat, unless too many were not answered.
  Heart beat(ConnectionId id, ConnectionRow& row, Turn turn) {
    if (row.awaits_pong) ++row.unanswered_pings;
    forgive(state_, row, state_.options.connection.health_interval);
    assess(state_, id);
    if (row.unanswered_pings == pings_tolerated) return Heart::silent;
    if (row.unanswered_pings == pings_tolerated - 1) state_.tables.suspend(id);
    row.awaits_pong = true;
    turn.out.emplace_back(Ping{id});
    return Heart::beats;
  }

  /// Replaces a worn tab, one at a time: where there is room for one more, another one joins first and gets the models
  /// that are in no third tab; then the old one drains.
  void renew(ConnectionId worn, const std::string& why, Turn turn) {
    if (state_.tables.draining > 0 || fleet_.launches.starting() > 0) return;
    const bool begun = renewal_ && renewal_->worn == worn;
    if (!begun && fleet_.occupied() < state_.options.max_connections) {
      const Browser kind = state_.tables.state(worn).browser.browser;
      const ConnectionSettings& limits = state_.options.connection;
      if (fleet_.launch({&kind, 1}, turn))
        renewal_ = {worn, state_.counters.joins, turn.now + limits.connect_timeout + limits.load_timeout};
      return;
    }
    if (begun && state_.counters.joins == renewal_->joins) {  // the new one did not come
      renewal_.reset();
      return;
    }
    if (begun && turn.now < renewal_->deadline && !spread(worn, turn)) return;
    renewal_.reset();
    state_.tables.connections[worn].farewell = "the tab is renewed: " + why;
    removal_.drain(worn, turn);
  }

  /// Loads the tab's models elsewhere; whether each is there.
  bool spread(ConnectionId worn, Turn turn) {
    bool done = true;
    for (WorkerId each : std::vector(state_.tables.connections[worn].workers)) {
      ModelRow& model = state_.tables.model_of(state_.tables.workers[each]);
      if (model.lane.size() > 1 || !model.lane.contains(Tables::index_of(worn)) || !supply_.possible(model, turn.now))
        continue;
      done = false;
      if (model.loading == 0) supply_.load_into(model, Need::further, turn);
    }
    return done;
  }

  State& state_;
  Fleet& fleet_;
  Removal& removal_;
  Supply& supply_;
  TimePoint next_ping_{};
  std::optional<Renewal> renewal_;
};

}  // namespace webpool::engine
