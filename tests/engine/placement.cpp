#include <webpool/engine/placement.hpp>

#include <webpool/policies/memory/cost_aware.hpp>
#include <webpool/policies/memory/lru_budget.hpp>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/memory/watermarks.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {
constexpr TimePoint now{1000s};

/// Refuses tabs that hold a certain model.
struct NotBeside {
  ModelIndex unwanted{99};
  MemoryDecision make_room(const MemoryView& view) noexcept {
    ++asked;
    for (const LoadedModel& each : view.models)
      if (each.model == unwanted) return {MemoryDecision::Kind::refuse};
    return {};
  }
  int asked = 0;
};

template <class Memory, class Selector = selector::FirstFit>
struct Setting {
  explicit Setting(PoolOptions options = {}, Memory memory = Memory(), Selector selector = Selector())
      : state(std::move(options), make_policy_set(selector, scaling::Fixed(), memory, scheduling::Fifo())) {}

  State state;
  Tables& tables = state.tables;
  Placement placement{state};
  Actions out;

  ConnectionId join(Browser kind) { return tables.add_connection(browser(kind), std::nullopt, now); }
  ModelRow& hold(ConnectionId tab, std::string name) {
    ModelRow& row = tables.add_model(model(std::move(name)));
    tables.worker_ready(tables.open_worker(row, tab, now), Backend::wasm, 0, now);
    return row;
  }
  bool place(ModelRow& row, Need need) { return placement.place(row, need, {now, out}).has_value(); }
  ConnectionId placed() const { return std::get<OpenWorker>(out.back()).connection; }
};
}  // namespace

TEST_CASE("a model is placed where nothing has to leave, if there is such a tab") {
  PoolOptions options;
  options.memory.models_per_connection = 1;
  Setting<memory::LruBudget> setting(options);
  setting.hold(setting.join(Browser::chromium), "held");
  const ConnectionId empty = setting.join(Browser::chromium);
  CHECK(setting.place(setting.tables.add_model(model("digits")), Need::first));
  CHECK(setting.out.size() == 1);
  CHECK(setting.placed() == empty);
}

TEST_CASE("what may leave depends on the need") {
  PoolOptions options;
  options.memory.models_per_connection = 1;
  Setting<memory::LruBudget> setting(options);
  setting.hold(setting.join(Browser::chromium), "held");
  ModelRow& digits = setting.tables.add_model(model("digits"));
  CHECK_FALSE(setting.place(digits, Need::restore));
  CHECK(digits.obstacle == Obstacle::busy);
  CHECK_FALSE(setting.place(digits, Need::further));
  CHECK(setting.place(digits, Need::first));
  REQUIRE(setting.out.size() == 2);
  CHECK(std::holds_alternative<CloseWorker>(setting.out[0]));
  CHECK(setting.placement.evictions() == 1);
}

TEST_CASE("a preferred browser is taken first, and another when it refuses") {
  const bool refuses = GENERATE(false, true);
  PoolOptions options;
  options.browser_preferences = {{Task::audio, {Browser::safari, Browser::firefox}}};
  Setting<NotBeside> setting(options, NotBeside{.unwanted = {refuses ? 0u : 99u}});
  const ConnectionId chromium = setting.join(Browser::chromium), firefox = setting.join(Browser::firefox);
  setting.hold(firefox, "unwanted");
  ModelSpec spec = model("whisper");
  spec.task = Task::audio;
  CHECK(setting.place(setting.tables.add_model(spec), Need::first));
  CHECK(setting.placed() == (refuses ? chromium : firefox));
}

TEST_CASE("a bounded number of tabs is asked") {
  Setting<NotBeside> setting({}, NotBeside{.unwanted = {0}});
  ModelRow& unwanted = setting.tables.add_model(model("unwanted"));
  for (int i = 0; i < 100; ++i)
    setting.tables.worker_ready(setting.tables.open_worker(unwanted, setting.join(Browser::chromium), now),
                                Backend::wasm, 0, now);
  ModelRow& digits = setting.tables.add_model(model("digits"));
  CHECK_FALSE(setting.place(digits, Need::first));
  CHECK(digits.obstacle == Obstacle::never);  // refused although everything could leave
  CHECK(setting.out.empty());
}

TEST_CASE("a selector may leave a load for later") {
  RequestId asked_for{1};
  struct Later {
    std::optional<ConnectionIndex> select(PoolView, const Request& request) noexcept {
      *asked_for = request.id;
      return std::nullopt;
    }
    RequestId* asked_for;
  };
  Setting<memory::Unlimited, Later> setting({}, memory::Unlimited(), Later{&asked_for});
  setting.join(Browser::chromium);
  ModelRow& digits = setting.tables.add_model(model("digits"));
  CHECK_FALSE(setting.place(digits, Need::first));
  CHECK(digits.obstacle == Obstacle::declined);
  CHECK(asked_for == RequestId{0});
}

TEMPLATE_TEST_CASE("what turns out to be larger than the budget can be loaded again, alone", "", memory::LruBudget,
                   memory::CostAware, memory::Watermarks, memory::Unlimited) {
  PoolOptions options = attached();
  const bool of_pool = GENERATE(false, true);
  (of_pool ? options.memory.bytes_for_pool : options.memory.bytes_per_connection) = 260;
  options.memory.models_per_connection = 0;
  Rig<selector::FirstFit, scaling::Fixed, TestType> rig(options);
  rig.join();
  const ModelIndex large = rig.engine.add_model(model("large", {}, 1, 90), {rig.now, rig.out});
  rig.load_all(344);
  const ModelIndex small = rig.engine.add_model(model("small", {}, 1, 20), {rig.now, rig.out});
  rig.load_all(20);
  for (int round = 0; round < 3; ++round)
    for (const ModelIndex each : {large, small}) {
      rig.submit(each);
      rig.load_all(each == large ? 344 : 20);
      const auto runs = rig.template take<Run>();
      REQUIRE(runs.size() == 1);
      CHECK(rig.finish(runs[0]));
    }
  for (const Complete& end : rig.template take<Complete>()) CHECK_FALSE(end.error);
}

TEST_CASE("what is larger than the budget waits while others are busy, and stands beside pinned models") {
  PoolOptions options = attached();
  options.memory.bytes_per_connection = 260;
  options.connection.health_interval = 0ms;
  Rig<> rig(options);
  rig.join();
  ModelSpec spec = model("pinned", {}, 1, 10);
  spec.pinned = true;
  rig.engine.add_model(spec, {rig.now, rig.out});
  rig.load_all();
  const ModelIndex large = rig.engine.add_model(model("large", {}, 1, 90), {rig.now, rig.out});
  rig.load_all(344);
  const ModelIndex small = rig.engine.add_model(model("small", {}, 1, 20), {rig.now, rig.out});
  rig.load_all();
  rig.submit(small);
  const Run run = rig.take<Run>().at(0);
  rig.submit(large);
  CHECK(rig.take<OpenWorker>().empty());
  CHECK(rig.take<Complete>().empty());
  rig.finish(run);
  rig.tick(100ms);
  CHECK(rig.load_all(344).size() == 1);
  CHECK(rig.take<Run>().size() == 1);
}

TEST_CASE("a file that is larger than the budget is refused, whatever was measured") {
  PoolOptions options = attached();
  options.memory.bytes_per_connection = 260;
  Rig<> rig(options);
  rig.join();
  rig.engine.add_model(model("huge", {}, 1, 300), {rig.now, rig.out});
  CHECK(says(rig.take<ModelReady>().at(0).error, "refused 300 bytes"));
}
