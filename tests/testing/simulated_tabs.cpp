#include <webpool/testing/simulated_tabs.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::testing;
using namespace std::chrono_literals;

namespace {
struct World {
  explicit World(std::vector<TabKind> kinds) : tabs(std::move(kinds), 1, events, ledger) {}
  Events events{TimePoint(10s)};
  Ledger ledger{TimePoint(10s)};
  SimulatedTabs tabs;

  Event next() { return events.pop(TimePoint(99s)).value(); }
  ConnectionId join(std::uint64_t id) {
    tabs.joined(std::get<event::Join>(next()), ConnectionId{id});
    return ConnectionId{id};
  }
};
}  // namespace

TEST_CASE("kinds of one browser take turns, and start in their own time") {
  World world({{.browser = Browser::chromium, .start_up = 1s}, {.browser = Browser::chromium, .start_up = 3s}});
  for (std::uint64_t launch = 1; launch <= 3; ++launch)
    world.tabs.obey(engine::Launch{LaunchId{launch}, Browser::chromium});
  std::vector<Duration> times;
  for (int i = 0; i < 3; ++i) {
    world.next();
    times.push_back(world.events.now() - TimePoint(10s));
  }
  CHECK(times == std::vector<Duration>{1s, 1s, 3s});
}

TEST_CASE("a browser that no kind has fails to launch") {
  World world({{.browser = Browser::chromium}});
  world.tabs.obey(engine::Launch{LaunchId{1}, Browser::edge});
  CHECK(std::get<event::LaunchFails>(world.next()).launch == LaunchId{1});
}

TEST_CASE("what was closed before says nothing when its time comes") {
  World world({{.browser = Browser::chromium, .models = {{"digits", {}}}}});
  world.tabs.add_model(ModelIndex{0}, "digits", 100);
  world.tabs.obey(engine::Launch{LaunchId{1}, Browser::chromium});
  world.tabs.obey(engine::Launch{LaunchId{2}, Browser::chromium});
  world.tabs.obey(engine::CloseBrowser{LaunchId{2}});
  const ConnectionId tab = world.join(1);
  CHECK_FALSE(world.tabs.hello(std::get<event::Join>(world.next())));
  world.tabs.obey(engine::OpenWorker{tab, WorkerId{1}, ModelIndex{0}});
  world.tabs.obey(engine::CloseWorker{tab, WorkerId{1}});
  CHECK_FALSE(world.tabs.load_ends(std::get<event::LoadEnds>(world.next()).worker));
  world.tabs.obey(engine::CloseConnection{tab, "done"});
  CHECK_FALSE(world.tabs.answers(tab));
  CHECK_FALSE(world.tabs.crashed(tab));
  world.tabs.obey(engine::CloseBrowser{LaunchId{1}});
  CHECK(world.tabs.browser_minutes() == Approx(1.5 / 60));
}

TEST_CASE("a worker that is closed leaves the processor to the others") {
  World world({{.browser = Browser::chromium,
                .models = {{"digits", {.service = 1s}}, {"vit", {.service = 1s}}},
                .attached = 1,
                .one_run_at_a_time = true}});
  world.tabs.add_model(ModelIndex{0}, "digits", 100);
  world.tabs.add_model(ModelIndex{1}, "vit", 100);
  const ConnectionId tab = world.join(1);
  for (std::uint32_t model : {0u, 1u}) {
    world.tabs.obey(engine::OpenWorker{tab, WorkerId{model + 1}, ModelIndex{model}});
    CHECK(world.tabs.load_ends(std::get<event::LoadEnds>(world.next()).worker)->bytes == 0);
    Request request;
    request.model = ModelIndex{model};
    world.ledger.submitted(RequestId{model}, request, true, world.events.now());
  }
  CHECK(world.tabs.peak_memory() == 200);
  const TimePoint began = world.events.now();
  world.tabs.obey(engine::Run{WorkerId{1}, RequestId{0}});
  world.tabs.obey(engine::Run{WorkerId{2}, RequestId{1}});
  world.tabs.obey(engine::CloseWorker{tab, WorkerId{1}});
  CHECK_FALSE(world.tabs.answered(std::get<event::Answer>(world.next())));
  CHECK(world.tabs.answered(std::get<event::Answer>(world.next())));
  CHECK(world.events.now() == began + 1s);
  CHECK(world.tabs.holders(ModelIndex{0}) == 0);
  CHECK(world.tabs.loads(ModelIndex{0}) == 1);
}
