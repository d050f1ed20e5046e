// What recovery is worth, in simulations: the same tabs crash at the same ages, and callers see it or don't.

#include <iostream>
#include <webpool/testing.hpp>

#include "faults.hpp"

namespace faults {
namespace {

using comparison::Report;
using comparison::Table;
using comparison::text;
using webpool::testing::quantile;

/// Who brings a crashed browser back.
struct Recovery {
  std::string name;
  std::size_t tabs;
  unsigned attempts;
  webpool::Duration delay{};  ///< before a browser starts; 0: webpool decides
};

struct Outcome {
  double errors = 0, crashes = 0, requests = 0;
  std::vector<double> recoveries_ms;
};

/// Ten minutes under Poisson load. Browsers start and load as Chromium does on two busy cores, which is what
/// `recovery_times` measures without a spare, crash every 20 s on average, and take 20 ms for a run.
Outcome simulate(const Recovery& recovery, std::uint64_t seed) {
  using namespace webpool;
  testing::TabKind kind{
      .browser = Browser::chromium, .start_up = testing::lognormal(1'100ms, 0.2), .mean_time_between_crashes = 20s};
  kind.models = {{"m", {.service = testing::lognormal(20ms, 0.3), .load = 600ms}}};
  // A plain supervisor: the process ends, it sleeps, it starts the next one. The delay is part of the start.
  if (recovery.delay.count() > 0) kind.start_up = recovery.delay + 1'100ms;
  testing::SimulationSettings settings{.seed = seed, .tabs = {kind}};
  settings.options.min_connections = settings.options.max_connections = recovery.tabs;
  settings.options.retries.attempts = recovery.attempts;
  testing::Simulation<selector::LeastLoaded> simulation(std::move(settings));
  const auto model = simulation.add_model({.name = "m", .replicas = recovery.tabs});
  simulation.run_for(30s);
  simulation.add(testing::Poisson{.rate = 20, .work = {.model = model}, .from = 30s});
  const testing::Result& result = simulation.run_for(600s);
  Outcome outcome;
  outcome.crashes = static_cast<double>(result.crash_times.size());
  std::vector<Duration> answers;
  for (const auto& each : result.requests) {
    ++outcome.requests;
    outcome.errors += each.error.has_value();
    if (each.ok()) answers.push_back(*each.ended);
  }
  std::ranges::sort(answers);
  for (const Duration crash : result.crash_times) {
    const auto next = std::ranges::upper_bound(answers, crash);
    if (crash > 30s && next != answers.end()) outcome.recoveries_ms.push_back(1e3 * testing::seconds_of(*next - crash));
  }
  return outcome;
}

}  // namespace

void compare_with_restarts(const Settings& settings, Report& report) {
  const std::vector<Recovery> all{{"webpool, a spare", 2, 3, {}},
                                  {"webpool, no spare", 1, 3, {}},
                                  {"webpool, a spare, attempts = 1", 2, 1, {}},
                                  {"webpool, no spare, attempts = 1", 1, 1, {}},
                                  {"restart after 1 s, no retries", 1, 1, 1s},
                                  {"restart after 5 s, no retries", 1, 1, 5s}};
  Table table("Simulated: ten minutes at 20 requests/s, a browser crashes every 20 s, same seeds",
              {"", "requests", "crashes", "errors", "errors per crash", "crash to next answer p50 ms", "p95 ms"});
  for (const Recovery& recovery : all) {
    Outcome sum;
    for (std::uint64_t seed = 1; seed <= (settings.quick ? 3u : 10u); ++seed) {
      Outcome one = simulate(recovery, seed);
      sum.errors += one.errors;
      sum.crashes += one.crashes;
      sum.requests += one.requests;
      sum.recoveries_ms.insert(sum.recoveries_ms.end(), one.recoveries_ms.begin(), one.recoveries_ms.end());
    }
    const double per_crash = sum.errors / std::max(sum.crashes, 1.0);
    const double p50 = quantile(sum.recoveries_ms, 0.5);
    table.add({recovery.name, text(sum.requests, 0), text(sum.crashes, 0), text(sum.errors, 0), text(per_crash, 2),
               text(p50), text(quantile(sum.recoveries_ms, 0.95))});
    const std::string name = "faults/simulated/" + recovery.name;
    if (recovery.attempts > 1)
      report.at_most(name + "/errors", sum.errors, "requests", 0);
    else
      report.add(name + "/errors", sum.errors, "requests");
    report.add(name + "/recovery_p50", p50, "ms");
  }
  table.print(std::cout);
}

}  // namespace faults
