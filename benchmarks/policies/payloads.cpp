#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <string>
#include <utility>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/scheduling/memory_aware.hpp>
#include <webpool/policies/scheduling/priority.hpp>
#include <webpool/policies/selector/least_loaded.hpp>
#include <webpool/testing/simulation.hpp>

#include "comparisons.hpp"

namespace comparison {
namespace {

using namespace webpool;
using namespace std::chrono_literals;

/// Any scheduler, which notes the most payload bytes that were under way.
template <class Queue>
struct Metered : Queue {
  Metered(Queue queue, std::size_t& noted) : Queue(std::move(queue)), most(&noted) {}

  void erase(const Request& request) noexcept {
    Queue::erase(request);
    *most = std::max(*most, under_way += request.payload_bytes);
  }
  void ended(const Request& request) noexcept {
    if constexpr (EndListener<Queue>) Queue::ended(request);
    under_way -= request.payload_bytes;
  }

  std::size_t* most;
  std::size_t under_way = 0;
};

constexpr std::size_t large_bytes = 60'000'000;  // 5 megapixels in three channels of floats

}  // namespace

void compare_payloads(const Settings& settings, Report& report) {
  Table table(
      "Schedulers, bursts of 40 requests/s of 60 MB and 0.3 s each, 100 requests/s of 4 kB and 10 ms beside them, 8 "
      "tabs",
      {"", "peak under way", "small: wait p50", "p99", "large: latency p50", "p99"});
  const auto run = [&]<class Queue>(const std::string& name, Queue queue) {
    std::size_t most = 0;
    testing::Simulation<selector::LeastLoaded, scaling::Fixed, memory::Unlimited, Metered<Queue>> sim(
        {.options = {.min_connections = 0, .max_connections = 8},
         .tabs = {{.browser = Browser::chromium,
                   .models = {{"large", {.service = testing::lognormal(300ms, 0.2)}},
                              {"small", {.service = testing::lognormal(10ms, 0.2)}}},
                   .attached = 8,
                   .one_run_at_a_time = true}}},
        {}, {}, {}, Metered<Queue>(std::move(queue), most));
    const ModelIndex large = sim.add_model({.name = "large", .replicas = 8});
    const ModelIndex small = sim.add_model({.name = "small", .replicas = 8});
    sim.run_for(start_of_load);
    sim.add(testing::Bursts{.rate = 40, .on = 2s, .off = 8s, .work = {.model = large, .payload_bytes = large_bytes}});
    sim.add(testing::Poisson{.rate = 100, .work = {small, {.priority = 1}, 4'000}});
    const testing::Result& result = sim.run_for(settings.quick ? 60s : 300s);
    const auto of = [](ModelIndex model) {
      return [model](const testing::RequestRecord& each) { return each.model == model; };
    };
    const double peak = static_cast<double>(most) / 1e6, wait = result.wait_ms(0.99, of(small)),
                 latency = result.latency_ms(0.99, of(large)) / 1000;
    table.add({name, text(peak, 0) + " MB", text(result.wait_ms(0.5, of(small))) + " ms", text(wait) + " ms",
               text(result.latency_ms(0.5, of(large)) / 1000, 2) + " s", text(latency, 2) + " s"});
    report.add("payloads " + name + ": peak under way", peak, "MB");
    report.add("payloads " + name + ": small requests' wait p99", wait, "ms");
    report.add("payloads " + name + ": large requests' latency p99", latency, "s");
  };
  using namespace scheduling;
  run("Priority", Priority());
  for (const std::size_t megabytes : {490u, 250u, 240u})
    run("MemoryAware<Priority>, " + std::to_string(megabytes) + " MB",
        MemoryAware<Priority>({.bytes = megabytes * 1'000'000}));
  table.print(std::cout);
}

}  // namespace comparison
