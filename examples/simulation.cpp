// Which policies suit your load? Try them on simulated tabs: an hour takes a second, and the same seed gives the same
// result.
#include <iostream>
#include <webpool/testing.hpp>

using namespace webpool;
using namespace std::chrono_literals;

template <class Selector>
void try_out(const char* name) {
  testing::Simulation<Selector, scaling::Utilization, memory::LruBudget, scheduling::Priority> sim({
      .seed = 1,
      .options = {.min_connections = 2, .max_connections = 6},
      .tabs = {{.browser = Browser::chromium, .models = {{"digits", {.service = testing::lognormal(20ms, 0.3)}}}},
               {.browser = Browser::firefox,
                .models = {{"digits", {.service = testing::lognormal(60ms, 0.3), .crash_per_run = 1e-4}}}}},
  });
  const ModelIndex digits = sim.add_model({.name = "digits"});
  sim.add(testing::DayCurve{.rate = 40, .day = 20min, .work = {.model = digits, .options = {.deadline = 1s}}});
  sim.add(testing::ClosedLoop{.clients = 2, .think = 100ms, .work = {.model = digits, .options = {.priority = 1}}});
  const testing::Result& result = sim.run_for(1h);
  std::cout << name << ": " << result.completed() << " results, wait p99 " << result.wait_ms(0.99) << " ms, "
            << result.deadline_misses() << " deadlines missed, " << result.browser_minutes << " browser-minutes, "
            << result.crash_times.size() << " crashes\n";
}

int main() {
  try_out<selector::PowerOfTwo>("power of two choices");
  try_out<selector::Learned>("learned");
}
