#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/scaling/fixed.hpp>
#include <webpool/policies/scaling/memory_limited.hpp>
#include <webpool/policies/scaling/predictive.hpp>
#include <webpool/policies/scaling/target_wait.hpp>
#include <webpool/policies/scaling/utilization.hpp>
#include <webpool/policies/scaling/warm_spare.hpp>
#include <webpool/policies/selector/least_loaded.hpp>
#include <webpool/testing/simulation.hpp>

#include "comparisons.hpp"
#include "svg.hpp"

namespace comparison {
namespace {

using namespace webpool;
using namespace std::chrono_literals;

constexpr Duration day = 20min;  // a short one: the slowest browser still starts a hundred times faster
constexpr std::size_t most = 12;

struct Outcome {
  std::string name;
  double p50 = 0, p99 = 0, minutes = 0;
  std::uint64_t launches = 0;
};

/// Runs of 50 ms in browsers that take 3 s until they can serve one; requests/s as `arrivals` says.
template <class Scaling, class Arrivals>
Outcome measure(std::string name, Scaling scaling, Arrivals arrivals, Duration length, std::size_t least = 1) {
  const testing::SimulatedModel digits{
      .service = testing::lognormal(50ms, 0.3), .load = testing::lognormal(1s, 0.2), .memory = 100'000'000};
  testing::Simulation<selector::LeastLoaded, Scaling, memory::Unlimited> sim(
      {.options = {.min_connections = least, .max_connections = most},
       .tabs = {{.browser = Browser::chromium,
                 .models = {{"digits", digits}},
                 .start_up = testing::lognormal(2s, 0.2)}}},
      {}, std::move(scaling));
  arrivals.work.model = sim.add_model({.name = "digits", .bytes = 100'000'000});
  sim.run_for(start_of_load);
  sim.add(arrivals);
  const testing::Result& result = sim.run_for(length);
  // The first day is for learning.
  const auto counted = [](const testing::RequestRecord& each) { return each.submitted >= start_of_load + day; };
  return {std::move(name), result.wait_ms(0.5, counted), result.wait_ms(0.99, counted), result.browser_minutes,
          result.metrics.launches};
}

template <class Arrivals>
std::vector<Outcome> all(const Arrivals& arrivals, Duration length) {
  const auto one = [&](std::string name, auto scaling, std::size_t least = 1) {
    return measure(std::move(name), std::move(scaling), arrivals, length, least);
  };
  scaling::Predictive::Settings predictive;
  predictive.bucket = 10s;
  predictive.forecast.season = static_cast<std::size_t>(day / 10s);
  return {
      one("Fixed, 4 tabs", scaling::Fixed(), 4),
      one("Fixed, 8 tabs", scaling::Fixed(), 8),
      one("Fixed, 12 tabs", scaling::Fixed(), 12),
      one("Utilization", scaling::Utilization()),
      one("TargetWait", scaling::TargetWait()),
      one("Predictive", scaling::Predictive(predictive)),
      one("WarmSpare<Utilization>", scaling::WarmSpare<scaling::Utilization>()),
      one("MemoryLimited<Utilization>, 6 tabs", scaling::MemoryLimited<scaling::Utilization>({.bytes = 600'000'000}))};
}

}  // namespace

void compare_scalers(const Settings& settings, Report& report) {
  const Duration length = day * (settings.quick ? 3 : 8);
  const auto show = [&](const std::string& file, const std::string& name, const std::string& title,
                        const std::vector<Outcome>& outcomes) {
    Table table("Scalers, " + title, {"", "wait p50", "wait p99", "browser-minutes", "p99 x minutes", "launches"});
    std::vector<Series> dots;
    for (const Outcome& each : outcomes) {
      table.add({each.name, text(each.p50) + " ms", text(each.p99) + " ms", text(each.minutes),
                 text(each.p99 / 1000 * each.minutes) + " s min", std::to_string(each.launches)});
      report.add("scaling " + each.name + ", " + name + ": wait p99", each.p99, "ms");
      report.add("scaling " + each.name + ", " + name + ": browser time", each.minutes, "min");
      dots.push_back({each.name, {{each.minutes, each.p99}}});
    }
    table.print(std::cout);
    line_chart(settings.plots + "/scalers_" + file + ".svg", "Scalers, " + name + ": nearer to the corner is better",
               "browser-minutes", "wait p99, ms", dots, true);
  };
  const std::string days = std::to_string(length / day) + " days of " + std::to_string(day / 1min) + " minutes";
  show("day_curve", "day curve",
       "day curve: 60 requests/s and 0.9 times that up and down, " + days + ", waits without the first",
       all(testing::DayCurve{.rate = 60, .swing = 0.9, .day = day}, length));
  show("bursts", "bursts", "bursts: 120 requests/s for 30 s, 5 for 90 s, " + days + ", waits without the first",
       all(testing::Bursts{.rate = 120, .quiet_rate = 5, .on = 30s, .off = 90s}, length));
}

}  // namespace comparison
