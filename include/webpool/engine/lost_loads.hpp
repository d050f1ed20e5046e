#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/engine/records.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/error.hpp>

namespace webpool::engine {

/// Which model is to blame if a worker or a tab goes while it loads one, and what follows from that.
///
/// A model that was the only one to load there is. Of several nobody knows which it was: each is loaded alone in its
/// tab from then on, until it has been loaded. After three such losses in a row in browsers of one kind, the model
/// rests there for 30 s, long enough for others to load; so does the next handle of the same model. One that has run
/// before rests for 1 s only, because something else went wrong there.
class LostLoads {
 public:
  explicit LostLoads(State& state) : state_(state) {}

  void worker_died(ModelRow& model, ConnectionId tab, const Error& reason, TimePoint now) {
    blame(model, tab, "worker", reason, now);
  }

  /// The tab ended by itself, and its workers are still in the tables.
  void tab_died(ConnectionId tab, const Error& reason, TimePoint now) {
    std::vector<ModelRow*> suspects;
    for (WorkerId id : state_.tables.connections[tab].workers) {
      const WorkerRow& worker = state_.tables.workers[id];
      if (!worker.ready && worker.load.sent()) suspects.push_back(&state_.tables.model_of(worker));
    }
    if (suspects.size() == 1) return blame(*suspects[0], tab, "tab", reason, now);
    for (ModelRow* each : suspects) each->loads_alone = true;
  }

  static void loaded(ModelRow& model, Browser browser) {
    model.loads_alone = false;
    std::erase_if(model.losses, [&](const Losses& each) { return each.browser == browser; });
  }

  /// The model is about to go: the next one of the same identity rests, too.
  void keep(const ModelRow& model, TimePoint now) {
    std::erase_if(kept_, [&](const Kept& each) { return each.until <= now || each.identity == model.spec.identity; });
    if (model.spec.identity.empty() || !model.rests(now)) return;
    const TimePoint until = std::ranges::max(model.losses, {}, &Losses::resting_until).resting_until;
    kept_.push_back({model.spec.identity, until, model.losses, model.reasons});
  }
  void recall(ModelRow& model, TimePoint now) const {
    const auto known = std::ranges::find(kept_, model.spec.identity, &Kept::identity);
    if (known == kept_.end() || known->until <= now) return;
    model.losses = known->losses;
    model.reasons = known->reasons;
    model.loads_alone = true;
  }

 private:
  struct Kept {
    std::string identity;
    TimePoint until;
    std::vector<Losses> losses;
    std::vector<Error> reasons;
  };

  static constexpr unsigned losses_tolerated = 3;
  static constexpr std::chrono::seconds rest{30}, short_rest{1};

  void blame(ModelRow& model, ConnectionId tab, std::string_view what, const Error& reason, TimePoint now) {
    const BrowserInfo& browser = state_.tables.state(tab).browser;
    Losses& losses = model.losses_in(browser.browser);
    const bool rests = ++losses.in_a_row >= losses_tolerated;
    if (rests) losses.resting_until = now + (model.has_run() ? short_rest : rest);
    const std::string loading = "loading " + quoted(model) + " ended its " + std::string(what) + ' ' +
                                std::to_string(losses.in_a_row) + " times in a row";
    model.add_reason(prefixed(described(browser), rests ? prefixed(loading, reason) : reason));
  }

  State& state_;
  std::vector<Kept> kept_;
};

}  // namespace webpool::engine
