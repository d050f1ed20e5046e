#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/selector_parts.hpp>
#include <webpool/reliability/circuit.hpp>

namespace webpool::selector {

/// Rules out tabs whose circuit is open. There is one `reliability::Circuit` per tab and one per tab, model and
/// backend, so that a model that fails in a tab doesn't take that tab from the others. Half-open circuits let trials
/// through. A trial that is cancelled or never ends gives its slot back after `trial_timeout`.
///
/// A `Chain` skips a filter that leaves no candidate, so requests go to ejected tabs rather than nowhere if all are
/// ejected. The filter has no clock of its own: its time is the latest that a request or an outcome carried.
///
/// Use it in front of any selector if tabs fail for a while and come back, and if retries are expensive. A tab that
/// keeps failing is replaced by the pool anyway (`ConnectionSettings::error_threshold`).
class Breaker {
 public:
  using Settings = reliability::CircuitSettings;

  Breaker() = default;
  explicit Breaker(Settings settings) noexcept : settings_(settings) {}

  bool accepts(const PoolView& pool, ConnectionIndex tab, const Request& request) noexcept {
    tell_time(request.submitted);
    const Row* row = find(tab);
    if (!row || row->joined != pool[tab].joined) return true;
    const reliability::Circuit* own = row->of(request.model);
    return row->all.allows(now_, settings_) && (!own || own->allows(now_, settings_));
  }

  void chosen(ConnectionIndex tab, const Request& request) noexcept {
    if (tab.value >= rows_.size()) return;
    Row& row = rows_[tab.value];
    row.all.sent(now_, settings_);
    if (request.model.value < row.models.size()) row.models[request.model.value].sent(now_, settings_);
  }

  void observe(const Outcome& outcome) noexcept {
    tell_time(outcome.ended);
    if (outcome.connection.value >= rows_.size()) rows_.resize(outcome.connection.value + 1);
    Row& row = rows_[outcome.connection.value];
    if (row.joined != outcome.joined) row = {.joined = outcome.joined};
    if (outcome.request.model.value >= row.models.size()) row.models.resize(outcome.request.model.value + 1);
    row.all.ended(outcome.ok, outcome.sent, outcome.service, now_, settings_);
    row.models[outcome.request.model.value].ended(outcome.ok, outcome.sent, outcome.service, now_, settings_);
  }

 private:
  struct Row {
    TimePoint joined{};  // of the tab that it is about
    reliability::Circuit all{};
    std::vector<reliability::Circuit> models{};

    const reliability::Circuit* of(ModelIndex model) const noexcept {
      return model.value < models.size() ? &models[model.value] : nullptr;
    }
  };

  const Row* find(ConnectionIndex tab) const noexcept { return tab.value < rows_.size() ? &rows_[tab.value] : nullptr; }
  void tell_time(TimePoint time) noexcept { now_ = std::max(now_, time); }

  Settings settings_{};
  std::vector<Row> rows_;  // by tab
  TimePoint now_{};
};

static_assert(CandidateFilter<Breaker> && Observer<Breaker> && ChoiceListener<Breaker>);

}  // namespace webpool::selector
