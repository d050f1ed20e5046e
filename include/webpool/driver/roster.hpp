#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>
#include <webpool/detail/token.hpp>
#include <webpool/driver/avoided_ways.hpp>
#include <webpool/driver/flight_log.hpp>
#include <webpool/driver/load_plan.hpp>
#include <webpool/driver/peer.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/outputs.hpp>
#include <webpool/protocol/prepared_result.hpp>
#include <webpool/telemetry/flight_recorder.hpp>
#include <webpool/transport/link.hpp>

namespace webpool::driver {

/// A page that has joined.
struct Tab {
  ConnectionId id;
  BrowserInfo browser;
  std::optional<LaunchId> launch;  ///< of a browser of the pool's
  std::shared_ptr<telemetry::FlightRecorder> flight;
  Peer* peer = nullptr;  ///< its control link; null once that has closed
};

/// What a tab runs one model in, or several.
struct Worker {
  WorkerId id;
  ConnectionId tab;
  ModelIndex model;
  std::string model_name;
  std::string key;       ///< by which it shows that it is the one
  Peer* peer = nullptr;  ///< its data link; null until it attaches, and when that has closed
  bool attached = false;
  std::vector<std::uint64_t> fetched{};  ///< bytes, of each of its models
  std::vector<BackendFailure> passed_over{};
  std::shared_ptr<const Where> where{};  ///< null until it is loaded
  AvoidedWays::Before before = AvoidedWays::Before::silent;
  protocol::PreparedResult next_result{};
  TimePoint opened = Clock::now();

  /// By which it runs the model; only of one that has loaded it.
  Way way() const { return {where->backend, where->device}; }
};

template <class Printable>
std::string describe(const Printable& value) {
  std::ostringstream text;
  text << value;
  return std::move(text).str();
}

/// Who is there: links, tabs and workers, and sentences about them. Each link belongs to at most one tab or worker, and
/// each tab and worker has at most one link; both sides know it. Touches links only to close them. In the pool's loop.
class Roster {
 public:
  explicit Roster(const FlightLog& flights) : flights_(flights) {}

  // --- links

  Peer& add(std::shared_ptr<transport::Link> link, transport::Channel channel) {
    const transport::Link* const key = link.get();
    return peers_.try_emplace(key, std::move(link), channel, flights_).first->second;
  }

  /// Null when the link is not, or no longer, of interest.
  Peer* find(const transport::Link& link) {
    const auto found = peers_.find(&link);
    return found == peers_.end() ? nullptr : &found->second;
  }

  /// The link has closed, or its end is of no interest; its tab or worker, if any, has none then.
  void drop(Peer& peer) {
    if (peer.tab) peer.tab->peer = nullptr;
    if (peer.worker) peer.worker->peer = nullptr;
    peers_.erase(peer.link().get());
  }

  bool has_links() const noexcept { return !peers_.empty(); }

  void close_links(std::string_view words) {
    for (auto& [link, peer] : peers_) peer.close(words);
  }

  // --- tabs and workers

  Tab& add_tab(ConnectionId id, BrowserInfo browser, std::optional<LaunchId> launch, Peer& peer) {
    Tab& tab = tabs_.try_emplace(id, Tab{id, std::move(browser), launch, flights_.begin(id), &peer}).first->second;
    peer.introduce_as(tab, tab.flight);
    return tab;
  }

  Worker& add_worker(WorkerId id, ConnectionId tab, ModelIndex model, std::string model_name) {
    return workers_.try_emplace(id, Worker{id, tab, model, std::move(model_name), webpool::detail::random_token()})
        .first->second;
  }

  /// The link is that worker's.
  void attach(Worker& worker, Peer& peer) {
    worker.peer = &peer;
    worker.attached = true;
    peer.introduce_as(worker, tab(worker.tab).flight);
  }

  Tab& tab(ConnectionId id) { return tabs_.at(id); }
  const Tab& tab(ConnectionId id) const { return tabs_.at(id); }
  Tab* find(ConnectionId id) {
    const auto found = tabs_.find(id);
    return found == tabs_.end() ? nullptr : &found->second;
  }
  Tab* find(LaunchId launch) {
    const auto found = std::ranges::find_if(tabs_, [&](const auto& entry) { return entry.second.launch == launch; });
    return found == tabs_.end() ? nullptr : &found->second;
  }
  Worker& worker(WorkerId id) { return workers_.at(id); }
  Worker* find(WorkerId id) {
    const auto found = workers_.find(id);
    return found == workers_.end() ? nullptr : &found->second;
  }
  std::vector<WorkerId> workers_of(ConnectionId tab) const {
    std::vector<WorkerId> found;
    for (const auto& [id, worker] : workers_)
      if (worker.tab == tab) found.push_back(id);
    return found;
  }
  template <class Visit>
  void for_each_tab(Visit visit) {
    for (auto& [id, tab] : tabs_) visit(tab);
  }

  /// Closes the link of a tab or worker, if it has one. Nobody hears of the link's end then.
  template <class Owner>
  void close_link(Owner& owner, std::string_view words) {
    Peer* const peer = std::exchange(owner.peer, nullptr);
    if (!peer) return;
    peer->tab = nullptr;
    peer->worker = nullptr;
    peer->close(words);
  }

  void remove(Tab& tab, std::string_view words) {
    close_link(tab, words);
    tabs_.erase(tab.id);
  }
  void remove(Worker& worker, std::string_view words) {
    close_link(worker, words);
    workers_.erase(worker.id);
  }

  // --- sentences

  /// An error that names the worker's model and place.
  Error about(const Worker& worker, errc code, const std::string& message) const {
    const auto tab = tabs_.find(worker.tab);
    const std::string place = worker.where         ? describe(*worker.where)
                              : tab != tabs_.end() ? describe(tab->second.browser)
                                                   : "a tab";
    return Error(code, "model '" + worker.model_name + "' on " + place + ": " + message);
  }

  void note(const Tab& tab, std::string_view event) const { flights_.event(tab.flight.get(), event); }

  /// Something failed in that tab: what came before goes into the log.
  void report(const Tab& tab, std::string_view why) const {
    flights_.dump(tab.flight.get(), describe(tab.browser), why);
  }

 private:
  const FlightLog& flights_;
  std::unordered_map<const transport::Link*, Peer> peers_;
  std::unordered_map<ConnectionId, Tab> tabs_;
  std::unordered_map<WorkerId, Worker> workers_;
};

}  // namespace webpool::driver
