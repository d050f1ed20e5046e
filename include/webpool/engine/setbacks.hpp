#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/engine/records.hpp>
#include <webpool/engine/state.hpp>
#include <webpool/engine/tables.hpp>
#include <webpool/error.hpp>

namespace webpool::engine {

/// Whether a load that failed is tried again in the same tab, and when.
///
/// If the page says that no backend can hold the model, or that it is not a model, then no other attempt would change
/// that, unless this tab has held it before. All else may pass: the next attempts follow after 0.5 s and 1 s. After
/// three failures in a row the tab rests from the model for 30 s, and again after each further one; meanwhile the model
/// can't be had there. A load that made no progress counts twice, because it has cost `load_timeout` already.
class Setbacks {
 public:
  enum class Cost : std::uint8_t { failed = 1, overdue = 2 };

  explicit Setbacks(State& state) : state_(state) {}

  void note(ModelRow& model, ConnectionId tab, Cost cost, const Error& error, TimePoint now) {
    const ConnectionIndex index = Tables::index_of(tab);
    if (is_final(error) && !model.held_by.contains(index)) return model.failed_on.insert(index);
    Setback& setback = of(model, tab);
    setback.failures += static_cast<unsigned>(cost);
    setback.pauses = true;
    setback.until = now + (rests(setback) ? resting : first_pause * setback.failures);
    if (rests(setback)) model.failed_on.insert(index);
  }

  /// The tab holds the model.
  static void loaded(ModelRow& model, ConnectionId tab) {
    model.held_by.insert(Tables::index_of(tab));
    std::erase_if(model.setbacks, [&](const Setback& each) { return each.tab == tab; });
  }

  /// Whether a tab is to try again before long.
  static bool pauses(const ModelRow& model) {
    return std::ranges::any_of(model.setbacks, [](const Setback& each) { return each.pauses && !rests(each); });
  }

  /// Tabs whose pause is over may hold their model again.
  void tick(TimePoint now) {
    for (const auto& model : state_.tables.models) {
      if (!model || model->setbacks.empty()) continue;
      std::erase_if(model->setbacks, [&](const Setback& each) { return !state_.tables.connections.find(each.tab); });
      for (Setback& each : model->setbacks)
        if (each.pauses && each.until <= now) {
          each.pauses = false;
          state_.tables.allow(*model, each.tab);
        }
    }
  }

 private:
  static constexpr unsigned failures_tolerated = 3;
  static constexpr std::chrono::milliseconds first_pause{500};
  static constexpr std::chrono::seconds resting{30};

  static bool is_final(const Error& error) noexcept {
    return error.code() == errc::no_backend || error.code() == errc::model_invalid;
  }
  static bool rests(const Setback& setback) noexcept { return setback.failures >= failures_tolerated; }

  static Setback& of(ModelRow& model, ConnectionId tab) {
    const auto known = std::ranges::find(model.setbacks, tab, &Setback::tab);
    return known == model.setbacks.end() ? model.setbacks.emplace_back(Setback{tab}) : *known;
  }

  State& state_;
};

}  // namespace webpool::engine
