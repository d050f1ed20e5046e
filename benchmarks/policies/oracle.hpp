#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/concepts/observer.hpp>
#include <webpool/testing/tab_kind.hpp>

namespace comparison {

/// What only a simulation knows: how long a run takes on average, in each kind of tab, now. Each kind has a browser of
/// its own.
struct Truth {
  std::vector<webpool::testing::TabKind> kinds;
  std::vector<std::string> models;  // by index
  bool shared = true;               // by the models of a tab: its processor
  webpool::Duration now{};

  double seconds(webpool::Browser browser, webpool::ModelIndex model) const {
    for (const auto& kind : kinds)
      if (kind.browser == browser) return webpool::testing::seconds_of(kind.mean_service(models[model.value], now));
    return 0;
  }
};

/// Deals what waits out to the tabs, each request where it would be done first, and sends the one in question if its
/// turn falls on a tab with room; else it waits for a faster one that is busy. It knows the true means and what it has
/// sent, but not how long the single runs will take, nor what will come.
class Oracle {
 public:
  explicit Oracle(std::shared_ptr<const Truth> truth) : truth_(std::move(truth)) {}

  std::optional<webpool::ConnectionIndex> select(const webpool::PoolView& pool,
                                                 const webpool::Request& request) noexcept {
    if (pool.waiting() == 0) return pool.candidates().front();  // a load
    sent_.resize(std::max(sent_.size(), pool.slots()));
    ahead_.assign(pool.slots(), 0);
    for (std::uint32_t slot = 0; slot < pool.slots(); ++slot)
      for (std::uint32_t model = 0; model < most_models; ++model)
        if (sent_[slot][model] > 0 && (truth_->shared || model == request.model.value))
          ahead_[slot] +=
              sent_[slot][model] * seconds(pool, webpool::ConnectionIndex{slot}, webpool::ModelIndex{model});
    const std::size_t deals = std::min<std::size_t>(pool.waiting(), 64);
    for (std::size_t i = 0; i < deals; ++i) {
      std::optional<webpool::ConnectionIndex> best;
      double soonest = 0;
      for (std::uint32_t slot = 0; slot < pool.slots(); ++slot) {
        const webpool::ConnectionIndex tab{slot};
        if (!pool.serves(tab)) continue;
        const double finish = ahead_[slot] + seconds(pool, tab, request.model);
        if (!best || finish < soonest) best = tab, soonest = finish;
      }
      if (!best) break;
      ahead_[best->value] = soonest;
      if (std::ranges::find(pool.candidates(), *best) == pool.candidates().end()) continue;
      ++sent_[best->value][request.model.value];
      return best;
    }
    return std::nullopt;
  }

  void observe(const webpool::Outcome& outcome) noexcept {
    --sent_[outcome.connection.value][outcome.request.model.value];
  }

 private:
  static constexpr std::size_t most_models = 4;

  double seconds(const webpool::PoolView& pool, webpool::ConnectionIndex tab, webpool::ModelIndex model) const {
    return truth_->seconds(pool[tab].browser.browser, model);
  }

  std::shared_ptr<const Truth> truth_;
  std::vector<std::array<unsigned, most_models>> sent_;  // requests not answered, by tab and model
  std::vector<double> ahead_;                            // seconds of work, by tab
};

static_assert(webpool::BrowserSelector<Oracle> && webpool::Observer<Oracle>);

}  // namespace comparison
