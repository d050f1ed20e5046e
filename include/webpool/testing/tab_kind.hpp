#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>
#include <webpool/page_hints.hpp>
#include <webpool/testing/distribution.hpp>

namespace webpool::testing {

/// How one model does in one kind of tab.
struct SimulatedModel {
  Backend backend = Backend::webgpu;
  Distribution service = std::chrono::milliseconds(10);  ///< of one run
  Distribution load = std::chrono::milliseconds(500);
  std::size_t memory = 0;      ///< bytes that the page reports; 0: unknown
  double failure_per_run = 0;  ///< probability that a run ends with `errc::run_failed`
  double crash_per_run = 0;    ///< probability that a run crashes the tab instead of ending
};

/// From `at` on (time since the start of the simulation), service times are `factor` times what they were before.
struct Drift {
  Duration at{};
  double factor = 1;
  std::string model{};  ///< empty: all
};

/// A browser on a machine: what its tabs are like. Models that it doesn't list can't be loaded there.
struct TabKind {
  Browser browser = Browser::other;
  BrowserInfo says{};                               ///< the rest of its hello
  PageHints hints{};                                ///< with each heartbeat
  std::map<std::string, SimulatedModel> models{};   ///< by `ModelSpec::name`
  Distribution start_up = std::chrono::seconds(1);  ///< from launch to hello
  std::size_t attached = 0;        ///< tabs that people open at the start; such a kind is never launched
  bool one_run_at_a_time = false;  ///< true: its models share one processor; false: each has its own
  std::size_t memory_limit = 0;    ///< bytes; a load beyond it crashes the tab; 0: none
  std::chrono::nanoseconds mean_time_between_crashes{0};  ///< of a tab, exponential; 0: no crashes
  std::vector<Drift> drifts{};

  /// The mean time of a run of the model that begins at that time since the start; the model must be listed.
  Duration mean_service(const std::string& model, Duration at) const {
    return duration_of(seconds_of(models.at(model).service.mean()) * drifted(model, at));
  }

  /// The factor by which the model's service times are multiplied at that time.
  double drifted(const std::string& model, Duration at) const {
    double factor = 1;
    for (const Drift& each : drifts)
      if (each.at <= at && (each.model.empty() || each.model == model)) factor *= each.factor;
    return factor;
  }
};

}  // namespace webpool::testing
