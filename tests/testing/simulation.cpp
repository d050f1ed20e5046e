#include <set>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/scaling/utilization.hpp>
#include <webpool/policies/scheduling/priority.hpp>
#include <webpool/policies/selector/least_loaded.hpp>
#include <webpool/testing/simulation.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::testing;
using namespace std::chrono_literals;

namespace {

/// Tabs of one kind that people opened, with one model.
SimulationSettings attached(std::size_t tabs, SimulatedModel model = {}) {
  PoolOptions options{.min_connections = 0, .max_connections = tabs};
  return {.options = options,
          .tabs = {{.browser = Browser::chromium, .models = {{"digits", model}}, .attached = tabs}}};
}

/// Browsers that crash and runs that fail, under every kind of arrivals.
template <class... Policies>
Result stormy(std::uint64_t seed) {
  const SimulatedModel fast{
      .service = lognormal(5ms, 0.5), .load = 200ms, .failure_per_run = 0.01, .crash_per_run = 1e-3};
  const SimulatedModel slow{
      .backend = Backend::wasm, .service = testing::gamma(20ms, 0.3), .load = lognormal(300ms, 0.2)};
  Simulation<Policies...> sim(
      {.seed = seed,
       .options = {.min_connections = 1, .max_connections = 6, .memory = {.bytes_per_connection = 300}},
       .tabs = {{.browser = Browser::chromium, .models = {{"digits", fast}, {"vit", slow}}},
                {.browser = Browser::firefox,
                 .models = {{"digits", slow}, {"vit", fast}},
                 .one_run_at_a_time = true,
                 .mean_time_between_crashes = 5s},
                {.browser = Browser::safari, .models = {{"digits", slow}}, .attached = 1}}});
  const ModelIndex digits = sim.add_model({.name = "digits", .bytes = 200}),
                   vit = sim.add_model({.name = "vit", .bytes = 150});
  sim.add(Poisson{.rate = 40, .work = {.model = digits, .options = {.client = 1}}});
  sim.add(Bursts{.rate = 300, .work = {.model = digits, .options = {.priority = 1, .client = 2, .deadline = 100ms}}});
  sim.add(DayCurve{.rate = 20, .day = 30s, .work = {.model = vit, .options = {.client = 3, .deadline = 500ms}}});
  sim.add(ClosedLoop{.clients = 4, .think = 10ms, .work = {.model = vit, .options = {.client = 10}}});
  sim.run_for(20s);
  const Result result = sim.close();
  CHECK(sim.unknown_ends() == 0);
  return result;
}

bool same(const Result& a, const Result& b) {
  return std::ranges::equal(a.requests, b.requests, [](const RequestRecord& x, const RequestRecord& y) {
    return x.submitted == y.submitted && x.started == y.started && x.ended == y.ended && x.tab == y.tab &&
           x.error == y.error;
  });
}

}  // namespace

TEMPLATE_PRODUCT_TEST_CASE("one seed, one result", "", std::tuple,
                           ((selector::FirstFit, scaling::Fixed, memory::LruBudget, scheduling::Fifo),
                            (selector::LeastLoaded, scaling::Utilization, memory::LruBudget, scheduling::Priority))) {
  const auto run = []<class... Policies>(std::tuple<Policies...>*, std::uint64_t seed) {
    return stormy<Policies...>(seed);
  };
  constexpr TestType* policies = nullptr;
  const Result first = run(policies, 1);
  CHECK(same(first, run(policies, 1)));
  CHECK_FALSE(same(first, run(policies, 2)));
}

TEST_CASE("every request ends exactly once, whatever happens") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Result result =
        stormy<selector::LeastLoaded, scaling::Utilization, memory::LruBudget, scheduling::Priority>(seed);
    CHECK(result.crash_times.size() > 0);
    CHECK(std::ranges::is_sorted(result.crash_times));
    CHECK(result.requests.size() > 1'000);
    CHECK(result.requests.size() == result.metrics.submitted);
    CHECK(result.count([](const RequestRecord& each) { return !each.ended; }) == 0);
    const Metrics& sums = result.metrics;
    CHECK(sums.completed + sums.failed + sums.cancelled + sums.expired == result.requests.size());
    CHECK(sums.completed == result.completed());
    for (const RequestRecord& each : result.requests) {
      if (each.started) REQUIRE(*each.started >= each.submitted);
      REQUIRE(*each.ended >= each.started.value_or(each.submitted));
    }
  }
}

TEST_CASE("arrivals and luck don't depend on the policies") {
  const auto submitted = [](const Result& result) {
    std::multiset<Duration> times;
    for (const RequestRecord& each : result.requests)
      if (each.client < 10) times.insert(each.submitted);
    return times;
  };
  CHECK(submitted(stormy<selector::FirstFit, scaling::Fixed, memory::LruBudget, scheduling::Fifo>(1)) ==
        submitted(stormy<selector::LeastLoaded, scaling::Utilization, memory::LruBudget, scheduling::Priority>(1)));
}

TEST_CASE("an M/M/1 queue waits as theory says") {
  SimulationSettings settings = attached(1, {.service = testing::gamma(10ms, 1), .load = 0s});
  const double mean = seconds_of(settings.tabs[0].models.at("digits").service.mean());
  Simulation<> sim(std::move(settings));
  sim.add(Poisson{.rate = 0.5 / mean, .work = {.model = sim.add_model({.name = "digits"})}});
  const Result& result = sim.run_for(10min);
  CHECK(result.mean_latency_ms() == Approx(1e3 * mean / (1 - 0.5)).epsilon(0.1));
}

TEST_CASE("a closed loop keeps its clients busy, one request each") {
  Simulation<> sim(attached(2, {.service = 10ms, .load = 0s}));
  sim.add(ClosedLoop{.clients = 2, .work = {.model = sim.add_model({.name = "digits", .replicas = 2})}});
  const Result& result = sim.run_for(10s);
  CHECK(result.throughput() == Approx(200).epsilon(0.01));
  CHECK(result.wait_ms(0.99) == 0);
  CHECK(result.service_by_client().at(0) == Approx(10).epsilon(0.01));
  CHECK(result.service_by_client().at(1) == Approx(10).epsilon(0.01));
}

TEST_CASE("a worker computes one request at a time") {
  Simulation<> sim(attached(1, {.service = 10ms, .load = 0s}));
  const ModelIndex digits = sim.add_model({.name = "digits"});
  sim.run_for(1s);
  sim.submit({.model = digits});
  sim.submit({.model = digits});
  const Result& result = sim.run_for(1s);
  CHECK(result.requests[0].started == 1s);
  CHECK(result.requests[1].started == 1s + 10ms);
  CHECK(result.requests[1].ended == 1s + 20ms);
}

TEST_CASE("the models of a tab share its processor where it has but one") {
  const bool shared = GENERATE(false, true);
  SimulationSettings settings = attached(1, {.service = 10ms, .load = 0s});
  settings.tabs[0].models["vit"] = settings.tabs[0].models["digits"];
  settings.tabs[0].one_run_at_a_time = shared;
  Simulation<> sim(std::move(settings));
  const ModelIndex digits = sim.add_model({.name = "digits"}), vit = sim.add_model({.name = "vit"});
  sim.run_for(1s);
  sim.submit({.model = digits});
  sim.submit({.model = vit});
  CHECK(sim.run_for(1s).requests[1].started == (shared ? 1s + 10ms : 1s + 0ms));
}

TEST_CASE("a cancelled request ends at once; its run, if it computes, does not") {
  Simulation<> sim(attached(1, {.service = 10ms, .load = 0s}));
  const ModelIndex digits = sim.add_model({.name = "digits"});
  sim.run_for(1s);
  const RequestId first = sim.submit({.model = digits}), second = sim.submit({.model = digits});
  sim.submit({.model = digits});
  sim.at(1s + 2ms, [&] {
    sim.cancel(first);
    sim.cancel(second);
  });
  const Result& result = sim.run_for(1s);
  CHECK(result.requests[0].ended == 1s + 2ms);
  CHECK(result.requests[1].ended == 1s + 2ms);
  CHECK_FALSE(result.requests[1].started);
  CHECK(result.requests[2].started == 1s + 10ms);
}

TEST_CASE("a drift changes service times from then on") {
  SimulationSettings settings = attached(1, {.service = 10ms, .load = 0s});
  settings.tabs[0].drifts = {{.at = 5s, .factor = 4}};
  Simulation<> sim(std::move(settings));
  sim.add(ClosedLoop{.work = {.model = sim.add_model({.name = "digits"})}});
  const Result& result = sim.run_for(10s);
  CHECK(result.completed() == Approx(500 + 125).epsilon(0.01));
  CHECK(result.requests.front().service(10s) == 10ms);
  CHECK(result.requests[result.requests.size() - 2].service(10s) == 40ms);
}

TEST_CASE("a crash ends what runs in the tab, and the pool launches another") {
  const unsigned attempts = GENERATE(1u, 5u);
  Simulation<> sim({.options = {.max_connections = 1, .retries = {.attempts = attempts}},
                    .tabs = {{.browser = Browser::chromium,
                              .models = {{"digits", {.service = 10ms, .load = 100ms}}},
                              .mean_time_between_crashes = 10s}}});
  sim.add(ClosedLoop{.work = {.model = sim.add_model({.name = "digits"})}});
  const Result& result = sim.run_for(60s);
  CHECK(result.crash_times.size() >= 2);
  CHECK(result.metrics.launches == result.crash_times.size() + 1);
  const std::size_t lost = result.count([](const RequestRecord& each) { return each.error == errc::connection_lost; });
  CHECK((attempts == 1 ? lost > 0 : lost == 0));
  CHECK(result.completed() > 3000);
  CHECK(result.peak_browsers == 1);
  CHECK(result.browser_minutes > 0.9);
  CHECK(result.browser_minutes <= 1.0);
}

TEST_CASE("a tab goes down when its models pass its memory, unless the pool keeps them within") {
  const bool budget = GENERATE(false, true);
  SimulationSettings settings{.options = {.max_connections = 1},
                              .tabs = {{.browser = Browser::chromium, .memory_limit = 250}}};
  for (const char* name : {"a", "b", "c"}) settings.tabs[0].models[name] = {.load = 100ms, .memory = 100};
  if (budget) settings.options.memory = {.bytes_per_connection = 250, .pressure_threshold = 1};
  Simulation<> sim(std::move(settings));
  for (const char* name : {"a", "b", "c"}) {
    const ModelIndex model = sim.add_model({.name = name, .bytes = 100});
    sim.add(Poisson{.rate = 1, .work = {.model = model}});
  }
  const Result& result = sim.run_for(30s);
  CHECK((result.crash_times.size() == 0) == budget);
  CHECK(result.peak_memory == (budget ? 200 : 300));
  if (budget) CHECK(result.reloads() > 5);
  if (budget) CHECK(result.hit_rate() < 0.9);
}

TEST_CASE("a model that no kind of tab lists can't be loaded, and its requests say so") {
  Simulation<> sim(attached(1));
  sim.add(Poisson{.rate = 10, .work = {.model = sim.add_model({.name = "whisper"})}});
  const Result& result = sim.run_for(10s);
  CHECK(result.requests.size() > 50);
  CHECK(result.count([](const RequestRecord& each) { return each.error.has_value(); }) == result.requests.size());
}

TEST_CASE("nothing launched, nobody there: requests wait") {
  Simulation<> sim(SimulationSettings{});
  sim.submit({.model = sim.add_model({.name = "digits"})});
  CHECK(sim.run_for(10s).wait_ms(1) == Approx(10'000));
  CHECK(sim.close().requests[0].error == errc::pool_closed);
}

TEST_CASE("every tab says that it is simulated") {
  struct Curious {
    std::optional<ConnectionIndex> select(PoolView pool, const Request&) noexcept {
      const BrowserInfo& browser = pool[pool.candidates().front()].browser;
      return browser.simulated && browser.platform == "test" ? std::optional(pool.candidates().front()) : std::nullopt;
    }
  };
  SimulationSettings settings = attached(1);
  settings.tabs[0].says.platform = "test";
  Simulation<Curious> sim(std::move(settings));
  sim.submit({.model = sim.add_model({.name = "digits"})});
  CHECK(sim.run_for(10s).completed() == 1);
}

TEST_CASE("a tab per processor: 10,000 of them") {
  Simulation<selector::LeastLoaded> sim(attached(10'000, {.service = lognormal(100ms, 0.3), .load = 1s}));
  const ModelIndex digits = sim.add_model({.name = "digits", .replicas = 10'000});
  sim.add(Poisson{.rate = 20'000, .work = {.model = digits}, .from = 2s});
  const Result& result = sim.run_for(3s);
  CHECK(result.count() == Approx(20'000).epsilon(0.05));
  CHECK(result.wait_ms(0.99) < 1);
}
