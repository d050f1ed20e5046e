#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/scheduling/aged.hpp>
#include <webpool/policies/scheduling/deadline.hpp>
#include <webpool/policies/scheduling/fair_share.hpp>
#include <webpool/policies/scheduling/fifo.hpp>
#include <webpool/policies/scheduling/limited.hpp>
#include <webpool/policies/scheduling/memory_aware.hpp>
#include <webpool/policies/scheduling/priority.hpp>
#include <webpool/policies/selector/least_loaded.hpp>
#include <webpool/testing/simulation.hpp>

#include "comparisons.hpp"
#include "svg.hpp"

namespace comparison {
namespace {

using namespace webpool;
using namespace std::chrono_literals;

constexpr std::size_t tabs = 8, eager = 40;
const testing::Distribution service = testing::lognormal(40ms, 0.3);

/// 8 tabs with runs of 40 ms: some 190 requests per second.
template <class Queue, class Load>
testing::Result simulate(Queue queue, Duration length, Load load) {
  testing::Simulation<selector::LeastLoaded, scaling::Fixed, memory::Unlimited, Queue> sim(
      {.options = {.min_connections = 0, .max_connections = tabs},
       .tabs = {{.browser = Browser::chromium, .models = {{"digits", {.service = service}}}, .attached = tabs}}},
      {}, {}, {}, std::move(queue));
  const ModelIndex digits = sim.add_model({.name = "digits", .replicas = tabs});
  sim.run_for(start_of_load);
  load(sim, digits);
  return sim.run_for(length);
}

struct Outcome {
  std::string name;
  testing::Result deadlines, flood, starving;
};

/// Three callers that together ask for about as much as there is, one of them in bursts that are too much.
constexpr auto deadlines = [](auto& sim, ModelIndex digits) {
  sim.add(testing::Poisson{.rate = 70, .work = {digits, {.priority = 2, .client = 1, .deadline = 250ms}}});
  sim.add(testing::Poisson{.rate = 50, .work = {digits, {.priority = 1, .client = 2, .deadline = 1s}}});
  sim.add(testing::Bursts{.rate = 300, .on = 2s, .off = 8s, .work = {digits, {.client = 3, .deadline = 3s}}});
};

/// Seven callers that ask for little, and one that asks for twice of all there is, with higher priority.
constexpr auto flood = [](auto& sim, ModelIndex digits) {
  sim.add(testing::Poisson{.rate = 400, .work = {digits, {.priority = 1, .client = 0}}});
  for (std::uint32_t client = 1; client <= 7; ++client)
    sim.add(testing::Poisson{.rate = 12, .work = {digits, {.client = client}}});
};

/// Callers that always have a request waiting, and one of lower priority.
constexpr auto starving = [](auto& sim, ModelIndex digits) {
  sim.add(testing::ClosedLoop{.clients = 1, .think = 1s, .work = {digits, {.client = 0}}});
  sim.add(testing::ClosedLoop{.clients = eager, .work = {digits, {.priority = 1, .client = 1}}});
};

/// Of what each client of the flood got, relative to its share if shared out fairly: small ones all that they ask for,
/// the large one what is left.
double fairness(const testing::Result& result) {
  const double length = testing::seconds_of(result.length - start_of_load);
  std::map<std::uint32_t, double> got, asked;
  for (const testing::RequestRecord& each : result.requests) {
    ++asked[each.client];
    got[each.client] += each.ok();
  }
  double all = 0, small = 0;
  for (const auto& [client, requests] : got) all += requests;
  for (const auto& [client, requests] : asked) small += client > 0 ? requests : 0;
  std::vector<double> shares;
  for (const auto& [client, requests] : got)
    shares.push_back(requests / (client > 0 ? asked[client] : std::max(all - small, length)));
  return testing::fairness(shares);
}

}  // namespace

void compare_schedulers(const Settings& settings, Report& report) {
  const Duration length = settings.quick ? 60s : 300s;
  const auto run = [&](std::string name, auto make) {
    return Outcome{std::move(name), simulate(make(), length, deadlines), simulate(make(), length, flood),
                   simulate(make(), length, starving)};
  };
  using namespace scheduling;
  const std::vector<Outcome> all{run("Fifo", [] { return Fifo(); }),
                                 run("Priority", [] { return Priority(); }),
                                 run("Aged", [] { return Aged(); }),
                                 run("Deadline", [] { return Deadline(); }),
                                 run("FairShare", [] { return FairShare(); }),
                                 run("Limited<Priority>, 50", [] { return Limited<Priority>({.limit = 50}); }),
                                 run("MemoryAware<Priority>", [] { return MemoryAware<Priority>(); })};
  const auto share = [](const testing::Result& result, auto which) {
    const double asked = static_cast<double>(result.count(which));
    return 100 * static_cast<double>(result.deadline_misses(which)) / asked;
  };
  const auto of = [](std::uint32_t client) {
    return [client](const testing::RequestRecord& each) { return each.client == client; };
  };

  Table first(
      "Schedulers, deadlines: 70 requests/s due in 0.25 s, 50 due in 1 s, bursts of 300 due in 3 s, 190 can be served",
      {"", "missed", "due in 0.25 s", "due in 1 s", "due in 3 s", "refused at once", "missed late", "longest wait"});
  std::vector<std::pair<std::string, double>> misses, waits;
  for (const Outcome& each : all) {
    const testing::Result& result = each.deadlines;
    const double missed = share(result, testing::Result::all);
    const double refused = 100 * static_cast<double>(result.count([](const testing::RequestRecord& request) {
                             return request.error == errc::deadline_unreachable || request.error == errc::queue_full;
                           })) /
                           static_cast<double>(result.count());
    first.add({each.name, text(missed) + " %", text(share(result, of(1))) + " %", text(share(result, of(2))) + " %",
               text(share(result, of(3))) + " %", text(refused) + " %", text(missed - refused) + " %",
               text(result.wait_ms(1) / 1000, 2) + " s"});
    report.add("scheduling " + each.name + ": deadline misses", missed, "%");
    misses.emplace_back(each.name, missed);
  }
  first.print(std::cout);
  bar_chart(settings.plots + "/schedulers_deadlines.svg", "Schedulers: missed deadlines", "share of all requests, %",
            misses);

  Table second("Schedulers, one client of 8 floods the pool with twice what it can serve, at a higher priority",
               {"", "fairness (Jain)", "small clients: wait p99", "longest", "served", "flood served"});
  const auto small = [](const testing::RequestRecord& each) { return each.client > 0; };
  const auto not_refused = [](const testing::RequestRecord& each) { return each.client > 0 && !each.error; };
  for (const Outcome& each : all) {
    const testing::Result& result = each.flood;
    const auto served = [&](auto which) {
      return text(100 * static_cast<double>(result.completed(which)) / static_cast<double>(result.count(which))) + " %";
    };
    const double fair = fairness(result), longest = result.wait_ms(1, not_refused) / 1000;
    second.add({each.name, text(fair, 3), text(result.wait_ms(0.99, not_refused) / 1000, 2) + " s",
                text(longest, 2) + " s", served(small), served(of(0))});
    report.add("scheduling " + each.name + ": fairness", fair, "Jain's index");
    report.add("scheduling " + each.name + ": longest wait of a small client", longest, "s");
    waits.emplace_back(each.name, fair);
  }
  second.print(std::cout);
  bar_chart(settings.plots + "/schedulers_fairness.svg", "Schedulers: fairness while one client floods the pool",
            "Jain's index of what clients got of their fair share; 1 is fair", waits, 3);

  // What `Aged` promises: requests that come a step later don't overtake. All before are one of each caller, which the
  // tabs share, and a tab may be at one run more.
  const double run_time = testing::seconds_of(service.mean());
  const double promised = testing::seconds_of(Aged::Settings().step) + run_time * (double{eager} / tabs + 1);
  Table third("Schedulers, " + std::to_string(eager) + " clients ask again and again for " +
                  text(testing::seconds_of(length), 0) + " s, one with a lower priority",
              {"", "its longest wait", "its results"});
  for (const Outcome& each : all) {
    const double longest = each.starving.wait_ms(1, of(0)) / 1000;
    third.add({each.name, text(longest, 2) + " s", std::to_string(each.starving.completed(of(0)))});
    const std::string name = "scheduling " + each.name + ": longest wait of the lowest priority";
    if (each.name == "Aged") {
      report.at_most(name, longest, "s", promised);
    } else {
      report.add(name, longest, "s");
    }
  }
  third.print(std::cout);
}

}  // namespace comparison
