#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/selector/affinity.hpp>
#include <webpool/policies/selector/capability.hpp>
#include <webpool/policies/selector/chain.hpp>
#include <webpool/policies/selector/first_fit.hpp>
#include <webpool/policies/selector/healthy.hpp>
#include <webpool/policies/selector/learned.hpp>
#include <webpool/policies/selector/least_loaded.hpp>
#include <webpool/policies/selector/power_of_two.hpp>
#include <webpool/policies/selector/preference.hpp>
#include <webpool/policies/selector/round_robin.hpp>
#include <webpool/testing/simulation.hpp>

#include "comparisons.hpp"
#include "oracle.hpp"
#include "svg.hpp"

namespace comparison {
namespace {

using namespace webpool;
using namespace std::chrono_literals;

constexpr Duration before = 60s, after = 180s;  // the drift
constexpr std::size_t window = 30;              // requests per point of the curve

/// Four browsers that differ by model, as real ones do: no backend is the fastest for all three. Halfway, the one that
/// was fastest for two models becomes eight times slower.
std::vector<testing::TabKind> kinds(bool shared) {
  const auto kind = [shared](Browser browser, Backend backend, Duration digits, Duration encoder, Duration whisper) {
    testing::TabKind tab{.browser = browser, .attached = 1, .one_run_at_a_time = shared};
    const auto model = [&](Duration median) {
      return testing::SimulatedModel{.backend = backend, .service = testing::lognormal(median, 0.3), .load = 300ms};
    };
    tab.models = {{"digits", model(digits)}, {"encoder", model(encoder)}, {"whisper", model(whisper)}};
    // What Capability scores.
    tab.says.hardware_concurrency = 8;
    tab.says.wasm_threads = true;
    if (backend != Backend::wasm) tab.says.webgpu.emplace().software = false;
    if (backend == Backend::webnn) tab.says.webnn = {{WebnnDevice::gpu, ""}};
    return tab;
  };
  std::vector<testing::TabKind> all{kind(Browser::chromium, Backend::webgpu, 18ms, 30ms, 110ms),
                                    kind(Browser::firefox, Backend::webgpu, 8ms, 22ms, 40ms),
                                    kind(Browser::headless_shell, Backend::webnn, 4ms, 6ms, 90ms),
                                    kind(Browser::edge, Backend::wasm, 5ms, 40ms, 160ms)};
  all[2].drifts = {{.at = start_of_load + before, .factor = 8}};
  return all;
}

/// Who asks: this many clients, for the first so many models in turn. `shared`: a tab computes one run at a time, not
/// one of each model.
struct Scenario {
  std::size_t clients, models;
  bool shared;
};

struct Outcomes {
  double steady = 0, drifted = 0;  // requests/s once there were 50 per model, and once 100 since the drift
  std::vector<double> speed;       // requests/s in each window, before the drift and after it
};

/// Requests per second over the results number `from` to `to` that came after a time.
double speed(const std::vector<Duration>& ends, Duration since, std::size_t from, std::size_t to) {
  const auto first = static_cast<std::size_t>(std::ranges::upper_bound(ends, since) - ends.begin());
  if (first + to >= ends.size()) return 0;
  const Duration begin = from == 0 ? since : ends[first + from - 1];
  return static_cast<double>(to - from) / testing::seconds_of(ends[first + to - 1] - begin);
}

template <class Selector>
testing::Result simulate(std::uint64_t seed, const Scenario& scenario, double rate) {
  const auto truth =
      std::make_shared<Truth>(Truth{kinds(scenario.shared), {"digits", "encoder", "whisper"}, scenario.shared});
  testing::SimulationSettings settings{
      .seed = seed, .options = {.min_connections = 0}, .tabs = truth->kinds, .tick = 10ms};
  using Sim = testing::Simulation<Selector, scaling::Fixed, memory::Unlimited>;
  const auto run = [&](Sim& sim) {
    std::vector<testing::Work> works;
    for (const std::string& name : truth->models) {
      const Task task = name == "whisper" ? Task::audio : name == "digits" ? Task::vision : Task::text_embedding;
      works.push_back({.model = sim.add_model({.name = name, .task = task, .replicas = 4})});
    }
    for (Duration at = 0s; at < start_of_load + before + after; at += 10ms)
      sim.at(at, [&truth, at] { truth->now = at; });
    sim.run_for(start_of_load);
    works.resize(scenario.models);
    if (rate == 0)
      sim.add(
          testing::ClosedLoop{.clients = scenario.clients, .work = works[0], .then = {works.begin() + 1, works.end()}});
    if (rate > 0)
      for (const testing::Work& work : works)
        sim.add(testing::Poisson{.rate = rate / 3, .work = work, .from = start_of_load});
    return sim.run_for(before + after);
  };
  if constexpr (std::is_same_v<Selector, Oracle>) {
    Sim sim(std::move(settings), Oracle(truth));
    return run(sim);
  } else {
    Sim sim(std::move(settings));
    return run(sim);
  }
}

template <class Selector>
Outcomes measure(const Scenario& scenario, std::uint64_t seeds) {
  Outcomes mean;
  const auto add = [&](double& sum, double value) { sum += value / static_cast<double>(seeds); };
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const testing::Result result = simulate<Selector>(seed, scenario, 0);
    std::vector<Duration> ends;
    for (const testing::RequestRecord& each : result.requests)
      if (each.ok()) ends.push_back(*each.ended);
    std::ranges::sort(ends);
    add(mean.steady, speed(ends, start_of_load, 50 * scenario.models, 200 * scenario.models));
    add(mean.drifted, speed(ends, start_of_load + before, 100 * scenario.models, 250 * scenario.models));
    mean.speed.resize(50);
    for (std::size_t i = 0; i < 25; ++i) {
      add(mean.speed[i], speed(ends, start_of_load, i * window, (i + 1) * window));
      add(mean.speed[25 + i], speed(ends, start_of_load + before, i * window, (i + 1) * window));
    }
  }
  return mean;
}

constexpr Scenario scenarios[] = {{2, 1, false}, {3, 3, false}, {3, 3, true}, {8, 3, true}};

struct Row {
  std::string name;
  std::vector<Outcomes> outcomes{};  // by scenario
  double latency = 0;                // mean, ms, when requests for all models come at random
};

template <class Selector>
Row row(std::string name, std::uint64_t seeds) {
  Row all{std::move(name)};
  for (const Scenario& each : scenarios) all.outcomes.push_back(measure<Selector>(each, seeds));
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    all.latency += simulate<Selector>(seed, {0, 3, true}, 40).mean_latency_ms([](const testing::RequestRecord& each) {
      return each.submitted > start_of_load + 5s && each.submitted < start_of_load + before - 5s;
    }) / static_cast<double>(seeds);
  return all;
}

}  // namespace

void compare_selectors(const Settings& settings, Report& report) {
  const std::uint64_t seeds = settings.quick ? 5 : 30;
  const std::vector<Row> rows{row<Oracle>("oracle", seeds),
                              row<selector::Learned>("Learned", seeds),
                              row<selector::Chain<selector::Healthy, selector::Affinity, selector::Learned>>(
                                  "Chain<Healthy, Affinity, Learned>", seeds),
                              row<selector::LeastLoaded>("LeastLoaded", seeds),
                              row<selector::PowerOfTwo>("PowerOfTwo", seeds),
                              row<selector::RoundRobin>("RoundRobin", seeds),
                              row<selector::FirstFit>("FirstFit", seeds),
                              row<selector::Preference>("Preference", seeds),
                              row<selector::Capability>("Capability", seeds)};
  const Row& oracle = rows.front();
  Table table(
      "Selectors: throughput as a share of an oracle's that knows the mean times, after 50 requests per model, and 100 "
      "per model after a drift; mean latency at 40 requests/s. Shared: a tab computes one run at a time, not one of "
      "each model",
      {"clients / models", "2 / 1", "drift", "3 / 3", "drift", "3 / 3 shared", "drift", "8 / 3 shared", "drift",
       "latency", "regret"});
  std::vector<Series> curves;
  for (const Row& each : rows) {
    const auto share = [](double mine, double its) { return 100 * mine / its; };
    const bool goal = each.name == "Learned";
    std::vector<std::string> cells{each.name};
    const auto add = [&](const std::string& name, double value) {
      cells.push_back(text(value) + " %");
      if (&each == &oracle) return;
      goal ? report.at_least("selector " + each.name + ": " + name, value, "% of the oracle's throughput", 95)
           : report.add("selector " + each.name + ": " + name, value, "% of the oracle's throughput");
    };
    for (std::size_t i = 0; i < std::size(scenarios); ++i) {
      const std::string who =
          std::to_string(scenarios[i].clients) + " clients, " + std::to_string(scenarios[i].models) +
          (scenarios[i].models == 1 ? " model, " : " models, ") + (scenarios[i].shared ? "shared processors, " : "");
      add(who + "after 50 requests per model", share(each.outcomes[i].steady, oracle.outcomes[i].steady));
      add(who + "100 requests per model after the drift", share(each.outcomes[i].drifted, oracle.outcomes[i].drifted));
    }
    const double regret = each.latency - oracle.latency;
    cells.push_back(text(each.latency) + " ms");
    cells.push_back(text(regret) + " ms");
    table.add(cells);
    if (&each == &oracle) continue;
    report.add("selector " + each.name + ": regret at 40 requests/s", regret, "ms");
    Series curve{each.name, {}};
    for (std::size_t i = 0; i < each.outcomes[2].speed.size(); ++i)
      curve.points.emplace_back(static_cast<double>((i + 1) * window),
                                share(each.outcomes[2].speed[i], oracle.outcomes[2].speed[i]));
    if (each.name.find('<') == std::string::npos) curves.push_back(std::move(curve));
  }
  table.print(std::cout);
  line_chart(settings.plots + "/selectors.svg", "Selectors: throughput with 3 clients, 4 browsers, 3 models",
             "results; those of the time between are left out at the drift", "% of the oracle's throughput", curves,
             false, {{25.0 * window, "one browser slows down 8 times"}});
}

}  // namespace comparison
