// Figures of recovery with real browsers: many requests in a storm of faults, and how long a kill is felt.

#include <iostream>
#include <webpool/testing/random.hpp>
#include <webpool/testing/statistics.hpp>

#include "digits.hpp"
#include "victims.hpp"

namespace faults {
namespace {

using comparison::Report;
using comparison::Table;
using comparison::text;
using webpool::Backend;
using webpool::Browser;
using webpool::testing::quantile;

const std::vector<Browser> kinds{Browser::chromium, Browser::firefox, Browser::headless_shell};

/// One fault to one browser, both drawn by chance; false when that browser was not there to be hit.
bool strike_anybody(webpool::testing::Random& random) {
  const Browser kind = kinds[random.below(kinds.size())];
  const std::uint64_t what = random.below(4);
  const auto mains = main_processes(kind);
  if (mains.empty()) return false;
  if (what == 0) return signal_all(renderers_of(mains.back(), kind), SIGKILL) > 0;
  if (what == 1) return ::kill(mains.back(), SIGTERM) == 0;
  if (what == 2) return ::kill(-mains.back(), SIGSTOP) == 0;
  return ::kill(mains.back(), SIGKILL) == 0;
}

struct Storm {
  support::Tally tally;
  std::size_t faults = 0;
  std::vector<double> gaps_ms;  ///< from a fault to the next right answer
  webpool::Metrics metrics;
};

/// Callers ask until all requests have ended; every two seconds something happens to one of three browsers.
Storm storm(const Settings& settings, std::size_t requests, unsigned attempts) {
  webpool::PoolOptions options = one_of_each(kinds, attempts);
  options.connection.connect_timeout = 10s;  // a browser that is stopped while it starts holds its place for so long
  BrowserPool pool(std::move(options));
  const webpool::Model model =
      pool.load(digits_file(settings), {.backends = {Backend::wasm}, .replicas = kinds.size()});
  whole(pool, kinds.size());
  support::CheckedLoad load(model, digit_questions(settings, 30),
                            {.requests = requests, .callers = 6, .pause = 40ms, .tolerance = 2e-5});
  webpool::testing::Random random(settings.seed);
  Storm result;
  std::vector<Clock::time_point> times;
  for (auto next = Clock::now() + 2s; load.submitted() < requests; next += 2s) {
    std::this_thread::sleep_until(next);
    const auto now = Clock::now();
    if (strike_anybody(random)) times.push_back(now);
  }
  result.tally = load.finish();
  result.faults = times.size();
  for (const auto& each : times)
    if (const auto gap = load.next_right_answer(each)) result.gaps_ms.push_back(milliseconds(*gap));
  result.metrics = pool.metrics();
  return result;
}

webpool::PoolOptions some_chromium(std::size_t tabs) {
  webpool::PoolOptions options = one_of_each({Browser::chromium});
  options.min_connections = options.max_connections = tabs;
  return options;
}

/// From nothing to the first answer of a Chromium: what no recovery without a spare can be faster than.
double start_ms(const Settings& settings, const webpool::Inputs& question) {
  const auto begin = Clock::now();
  BrowserPool pool(some_chromium(1));
  pool.load(digits_file(settings), {.backends = {Backend::wasm}})(question);
  return milliseconds(Clock::now() - begin);
}

/// Kills a Chromium while it computes for a caller, again and again; where there was only one, another one is started
/// each time, for comparison.
struct Kills {
  std::vector<double> next_ms, in_flight_ms, start_ms;
  support::Tally tally;
};
Kills kill_chromium(const Settings& settings, std::size_t tabs, int times) {
  BrowserPool pool(some_chromium(tabs));
  const webpool::Model model = pool.load(digits_file(settings), {.backends = {Backend::wasm}, .replicas = tabs});
  // 30 pictures take long enough that a run is under way at the kill.
  const auto questions = digit_questions(settings, 30);
  Kills all;
  for (int time = 0; time < times; ++time) {
    if (!whole(pool, tabs)) std::cerr << "  a browser is missing\n";
    support::CheckedLoad load(model, questions, {.requests = 100'000, .callers = 4, .tolerance = 2e-5});
    std::this_thread::sleep_for(2s);  // a browser that has just started is busy with itself, and no spare yet
    within(60s, [&] { return busy(pool, Browser::chromium); });
    const auto mains = main_processes(Browser::chromium);
    const auto at = Clock::now();
    if (!mains.empty()) ::kill(-mains.front(), SIGKILL);
    if (mains.empty()) std::cerr << "  Chromium was not there to be killed\n";
    std::this_thread::sleep_for(100ms);
    within(30s, [&] { return load.in_flight_at(at) > 0 && load.next_right_answer(at + 100ms); });
    load.stop();
    all.tally += load.finish(30s);
    if (mains.empty()) continue;
    if (const auto next = load.next_right_answer(at)) all.next_ms.push_back(milliseconds(*next));
    if (const auto slowest = load.slowest_in_flight(at)) all.in_flight_ms.push_back(milliseconds(*slowest));
    if (tabs == 1) all.start_ms.push_back(start_ms(settings, questions.front().inputs));
  }
  return all;
}

}  // namespace

void stormy_requests(const Settings& settings, Report& report) {
  const std::size_t requests = settings.quick ? 2'500 : 10'000;
  const Storm with = storm(settings, requests, 3);
  const Storm without = storm(settings, requests / 2, 1);
  Table table(
      "Requests over Chromium, Firefox and headless shell, a fault every 2 s to a browser that runs or starts (seed " +
          std::to_string(settings.seed) + "; kill -9, SIGTERM, SIGSTOP of a browser, kill -9 of its renderers)",
      {"", "requests", "faults", "answered", "lost", "duplicated", "wrong", "errors", "retries", "gap p50 ms",
       "gap max ms"});
  const auto add = [&](const char* name, const Storm& each) {
    const support::Tally& t = each.tally;
    table.add({name, std::to_string(t.submitted), std::to_string(each.faults), std::to_string(t.answered),
               std::to_string(t.lost), std::to_string(t.duplicated), std::to_string(t.wrong), std::to_string(t.errors),
               std::to_string(each.metrics.retries), text(quantile(each.gaps_ms, 0.5)),
               text(quantile(each.gaps_ms, 1))});
  };
  add("retry = always (default)", with);
  add("RetrySettings::attempts = 1", without);
  table.print(std::cout);
  const auto name_errors = [](const char* name, const support::Tally& tally) {
    for (const auto& [message, count] : tally.messages)
      std::cout << name << ": " << count << " times '" << message << "', the first: " << tally.examples.at(message)
                << '\n';
  };
  name_errors("without retries", without.tally);
  name_errors("with retries", with.tally);
  const auto figure = [&](const char* name, std::size_t value) {
    report.at_most(std::string("faults/storm/") + name, static_cast<double>(value), "requests", 0);
  };
  figure("lost", with.tally.lost + without.tally.lost);
  figure("duplicated", with.tally.duplicated + without.tally.duplicated);
  figure("wrong", with.tally.wrong + without.tally.wrong);
  figure("errors", with.tally.errors);
  report.add("faults/storm/requests", static_cast<double>(with.tally.submitted), "requests");
  report.add("faults/storm/faults", static_cast<double>(with.faults), "faults");
  report.add("faults/storm/errors_per_fault_without_retries",
             static_cast<double>(without.tally.errors) / static_cast<double>(std::max<std::size_t>(without.faults, 1)),
             "errors");
}

void recovery_times(const Settings& settings, Report& report) {
  const int times = settings.quick ? 4 : 12;
  Table table("Kill -9 of all processes of a Chromium under load, " + std::to_string(times) + " times, ms",
              {"", "next right answer p50", "max", "slowest in flight p50", "max", "a start p50", "errors"});
  const auto measure = [&](const std::string& name, std::size_t tabs, double goal) {
    const Kills kills = kill_chromium(settings, tabs, times);
    table.add({name, text(quantile(kills.next_ms, 0.5)), text(quantile(kills.next_ms, 1)),
               text(quantile(kills.in_flight_ms, 0.5)), text(quantile(kills.in_flight_ms, 1)),
               kills.start_ms.empty() ? "" : text(quantile(kills.start_ms, 0.5)),
               std::to_string(kills.tally.errors + kills.tally.wrong + kills.tally.lost + kills.tally.duplicated)});
    // An answer that was on its way at the kill is no recovery, so the goal is for those that were computed then.
    report.add("faults/kill_to_next_answer_p50/" + name, quantile(kills.next_ms, 0.5), "ms");
    report.at_most("faults/kill_to_slowest_in_flight_p50/" + name, quantile(kills.in_flight_ms, 0.5), "ms", goal);
    if (kills.start_ms.empty()) return;
    // How long a browser takes is the machine's affair; that the pool adds little to it is ours.
    report.add("faults/start_to_first_answer_p50", quantile(kills.start_ms, 0.5), "ms");
    report.at_most("faults/kill_to_slowest_in_flight_p50/a start",
                   quantile(kills.in_flight_ms, 0.5) / quantile(kills.start_ms, 0.5), "", 1.25);
  };
  measure("with a spare", 2, 150);
  measure("without a spare", 1, 1500);
  table.print(std::cout);
}

}  // namespace faults
