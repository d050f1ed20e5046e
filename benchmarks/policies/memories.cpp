#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <iostream>
#include <string>
#include <utility>
#include <vector>
#include <webpool/policies/memory/cost_aware.hpp>
#include <webpool/policies/memory/lru_budget.hpp>
#include <webpool/policies/memory/watermarks.hpp>
#include <webpool/testing/simulation.hpp>

#include "comparisons.hpp"
#include "optimum.hpp"
#include "svg.hpp"

namespace comparison {
namespace {

using namespace webpool;
using namespace std::chrono_literals;

constexpr std::size_t models = 12, room = 400'000'000;

/// What is loaded, by model.
struct Load {
  std::array<std::size_t, models> bytes{};
  std::array<double, models> seconds{};
};

constexpr Load same_models() {
  Load load;
  load.bytes.fill(room / 4);
  load.seconds.fill(1);
  return load;
}

/// Models of 40 to 160 MB, of which larger ones take longer to load, and each third four times as long as others of its
/// size.
constexpr Load unlike_models() {
  Load load;
  for (std::size_t i = 0; i < models; ++i) {
    load.bytes[i] = 40'000'000 + 120'000'000 * i / (models - 1);
    load.seconds[i] = static_cast<double>(load.bytes[i]) * 2.5e-9 * (i % 3 == 0 ? 4 : 1);
  }
  return load;
}

/// What is asked for, in order: Zipf's law with exponent 0.9 over the models, whose popularity is dealt out anew four
/// times.
std::vector<std::size_t> sequence(std::uint64_t seed, std::size_t length) {
  testing::Random random(seed);
  std::vector<double> weights;
  for (std::size_t i = 1; i <= models; ++i) weights.push_back(1 / std::pow(static_cast<double>(i), 0.9));
  std::vector<std::size_t> by_rank(models), asked;
  for (std::size_t i = 0; i < models; ++i) by_rank[i] = i;
  for (std::size_t i = 0; i < length; ++i) {
    if (i % (length / 4) == 0)
      for (std::size_t k = models; k > 1; --k) std::swap(by_rank[k - 1], by_rank[random.below(k)]);
    double sum = 0;
    for (double each : weights) sum += each;
    double at = random.uniform() * sum;
    std::size_t rank = 0;
    while (rank + 1 < models && at >= weights[rank]) at -= weights[rank++];
    asked.push_back(by_rank[rank]);
  }
  return asked;
}

struct Outcome {
  std::string name;
  double hit_rate = 0;      // share of requests
  std::uint64_t loads = 0;  // since the first request
  double load_seconds = 0, p99 = 0;
};

/// One tab, one request after the other.
template <class Memory>
Outcome measure(std::string name, const std::vector<std::size_t>& asked, const Load& load) {
  testing::SimulationSettings settings{
      .options = {.max_connections = 1,
                  .memory = {.bytes_per_connection = room, .models_per_connection = 0, .pressure_threshold = 1}},
      .tabs = {{.browser = Browser::chromium}}};
  for (std::size_t i = 0; i < models; ++i)
    settings.tabs[0].models[std::to_string(i)] = {
        .service = 20ms, .load = testing::duration_of(load.seconds[i]), .memory = load.bytes[i]};
  testing::Simulation<selector::FirstFit, scaling::Fixed, Memory> sim(std::move(settings));
  std::vector<ModelIndex> indices;
  for (std::size_t i = 0; i < models; ++i)
    indices.push_back(sim.add_model({.name = std::to_string(i), .bytes = load.bytes[i]}));
  constexpr Duration start = 60s, gap = 3s;
  const auto warmed = sim.run_for(start - 1s).loads;
  for (std::size_t i = 0; i < models; ++i) {
    testing::Replay replay{.work = {.model = indices[i]}};
    for (std::size_t k = 0; k < asked.size(); ++k)
      if (asked[k] == i) replay.times.push_back(start + gap * static_cast<int>(k));
    sim.add(std::move(replay));
  }
  const testing::Result& result = sim.run_for(gap * static_cast<int>(asked.size() + 1));
  Outcome outcome{std::move(name), result.hit_rate(), 0, 0, result.latency_ms(0.99)};
  for (std::size_t i = 0; i < models; ++i) {
    const auto loads = result.loads.at(indices[i]) - warmed.at(indices[i]);
    outcome.loads += loads;
    outcome.load_seconds += static_cast<double>(loads) * load.seconds[i];
  }
  return outcome;
}

}  // namespace

void compare_memories(const Settings& settings, Report& report) {
  const std::size_t length = settings.quick ? 2'000 : 10'000;
  const std::vector<std::size_t> asked = sequence(1, length);
  const auto all = [&](const Load& load) {
    return std::vector{measure<memory::LruBudget>("LruBudget", asked, load),
                       measure<memory::CostAware>("CostAware", asked, load),
                       measure<memory::Watermarks>("Watermarks", asked, load)};
  };
  const Load same = same_models(), unlike_ones = unlike_models();
  const double best = optimum(asked, same.bytes, same.seconds, room);  // a second for each load
  const double best_rate = 100 * (1 - best / static_cast<double>(length));
  Table alike(
      "Memory policies, 12 models of one size, room for 4, popularity by Zipf's law (0.9), dealt out anew 4 times",
      {"", "hit rate", "of the optimum", "reloads", "of the optimum"});
  alike.add({"Belady's optimum", text(best_rate) + " %", "100.0 %", text(best, 0), "1.00 x"});
  std::vector<std::pair<std::string, double>> bars{{"Belady's optimum", best_rate}};
  for (const Outcome& each : all(same)) {
    const double rate = 100 * each.hit_rate, loads = static_cast<double>(each.loads);
    alike.add({each.name, text(rate) + " %", text(100 * rate / best_rate) + " %", text(loads, 0),
               text(loads / best, 2) + " x"});
    report.add("memory " + each.name + ", alike: hit rate", rate, "%");
    report.add("memory " + each.name + ", alike: reloads", loads / best, "x Belady's optimum");
    bars.emplace_back(each.name, rate);
  }
  alike.print(std::cout);
  bar_chart(settings.plots + "/memory_alike.svg", "Memory policies: models of one size",
            "share of requests that found their model loaded, %", bars);

  Table unlike("Memory policies, models of 40 to 160 MB in 400 MB, of unequal loading time",
               {"", "hit rate", "reloads", "time spent loading", "of the optimum", "latency p99"});
  const double least = optimum(asked, unlike_ones.bytes, unlike_ones.seconds, room);
  unlike.add({"Optimum of the time spent loading", "", "", text(least) + " s", "1.00 x", ""});
  bars = {{"optimum", least}};
  for (const Outcome& each : all(unlike_ones)) {
    unlike.add({each.name, text(100 * each.hit_rate) + " %", std::to_string(each.loads), text(each.load_seconds) + " s",
                text(each.load_seconds / least, 2) + " x", text(each.p99) + " ms"});
    report.add("memory " + each.name + ", unlike: hit rate", 100 * each.hit_rate, "%");
    report.add("memory " + each.name + ", unlike: time spent loading", each.load_seconds, "s");
    bars.emplace_back(each.name, each.load_seconds);
  }
  unlike.print(std::cout);
  bar_chart(settings.plots + "/memory_unlike.svg", "Memory policies: models that differ", "seconds spent loading", bars,
            0);
}

}  // namespace comparison
