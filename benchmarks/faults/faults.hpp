#pragma once

// What the parts of benchmark_faults share: the pool, the rows of the fault table, and who fills them in.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <webpool/core.hpp>
#include <webpool/resource_pool.hpp>

#include "../../tests/support/checked_load.hpp"
#include "../report.hpp"

namespace faults {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
/// Compiled once, in benchmarks/pool.
using BrowserPool = webpool::ResourcePool<webpool::selector::LeastLoaded, webpool::scaling::Fixed>;

struct Settings {
  bool quick = false;
  std::filesystem::path models, reference;  ///< the demo's folder of models, and js/tools/reference.mjs
  std::uint64_t seed = 1;                   ///< of what happens when
};

inline double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// Waits, looking every few milliseconds; whether it became true.
template <class Condition>
bool within(Clock::duration limit, Condition condition) {
  for (const auto until = Clock::now() + limit; Clock::now() < until;) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return condition();
}

/// One kind of fault, done once or several times.
struct Row {
  std::string fault, target;
  std::size_t in_flight = 0;  ///< when the faults happened, together
  support::Tally tally{};
  std::vector<double> recoveries_ms{};  ///< from a fault to the next right answer
  std::vector<double> in_flight_ms{};   ///< to the right answer of the slowest request that was in flight
  std::string note{};
  bool happened = true;  ///< false: the fault met nothing that it could hit

  /// A fault happened at `at` under that load, which has ended as told.
  void add(const support::CheckedLoad& load, Clock::time_point at, const support::Tally& ended) {
    in_flight += load.in_flight_at(at);
    tally += ended;
    if (const auto time = load.next_right_answer(at)) recoveries_ms.push_back(milliseconds(*time));
    if (const auto time = load.slowest_in_flight(at)) in_flight_ms.push_back(milliseconds(*time));
  }
};

/// Scripted tabs that speak the wire by hand, over real sockets.
std::vector<Row> scripted_faults(const Settings& settings);
/// The engine alone, under a manual clock.
std::vector<Row> clock_faults();
/// Real browsers.
std::vector<Row> browser_faults(const Settings& settings);
/// Real browsers on a machine that lacks something: a GPU process, memory, disk.
std::vector<Row> machine_faults(const Settings& settings);

/// Thousands of requests over three browsers, a fault every two seconds; then the same without retries.
void stormy_requests(const Settings& settings, comparison::Report& report);
/// From the kill of a browser to the next right answer, with a spare and without.
void recovery_times(const Settings& settings, comparison::Report& report);
/// Simulated: recovery as it is, without retries, and a supervisor that restarts after a fixed delay.
void compare_with_restarts(const Settings& settings, comparison::Report& report);

}  // namespace faults
