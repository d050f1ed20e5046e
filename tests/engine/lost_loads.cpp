#include <webpool/engine/lost_loads.hpp>

#include <map>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

const Error crash(errc::connection_lost, "crash");

/// Tabs of a browser, and models that load in them.
struct Loading : Rooms {
  Loading() : Rooms(attached()) {}

  LostLoads& losses = removal.lost_loads;

  WorkerId begin(ModelRow& row, ConnectionId tab) {
    const WorkerId worker = tables.open_worker(row, tab, now);
    workers.load_progressed(worker, {LoadStage::fetch, 0, 1}, now);
    return worker;
  }
};

}  // namespace

TEST_CASE("three lost loads in a row make a model rest in that kind of browser, and are told") {
  Loading rooms;
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const ConnectionId tab = rooms.guest();
  rooms.begin(digits, tab);
  for (int i = 0; i < 2; ++i) rooms.losses.tab_died(tab, crash, rooms.now);
  CHECK_FALSE(digits.rests(rooms.now));
  rooms.losses.tab_died(tab, crash, rooms.now);
  CHECK(digits.rests_in(Browser::chromium, rooms.now + 29s));
  CHECK_FALSE(digits.rests_in(Browser::firefox, rooms.now));
  CHECK_FALSE(digits.rests(rooms.now + 30s));
  REQUIRE(digits.reasons.size() == 2);
  CHECK(digits.reasons[0].message() == "chromium 1.0: crash");
  CHECK(digits.reasons[1].message() == "chromium 1.0: loading model 'digits' ended its tab 3 times in a row: crash");
  LostLoads::loaded(digits, Browser::chromium);
  CHECK(digits.losses.empty());
}

TEST_CASE("of several models that load in a tab that dies none is blamed, but each loads alone until it is loaded") {
  Loading rooms;
  ModelRow& one = rooms.tables.add_model(model("one"));
  ModelRow& two = rooms.tables.add_model(model("two"));
  ModelRow& waits = rooms.tables.add_model(model("waits"));
  ModelRow& ready = rooms.tables.add_model(model("ready"));
  const ConnectionId tab = rooms.guest();
  rooms.begin(one, tab);
  rooms.begin(two, tab);
  const WorkerId held = rooms.tables.open_worker(waits, tab, rooms.now);
  rooms.workers.load_progressed(held, {LoadStage::waits}, rooms.now);
  rooms.hold(ready, tab);
  rooms.losses.tab_died(tab, crash, rooms.now);
  CHECK((one.loads_alone && two.loads_alone));
  CHECK_FALSE((waits.loads_alone || ready.loads_alone));
  CHECK((one.losses.empty() && two.losses.empty()));
  LostLoads::loaded(one, Browser::chromium);
  CHECK_FALSE(one.loads_alone);
}

TEST_CASE("the next handle of a model that rests there rests, too, as long as that one") {
  Loading rooms;
  ModelSpec spec = model("killer");
  spec.identity = "abc wasm";
  ModelRow& killer = rooms.tables.add_model(spec);
  rooms.begin(killer, rooms.guest());
  for (int i = 0; i < 3; ++i) rooms.losses.worker_died(killer, rooms.guest(), crash, rooms.now);
  rooms.losses.keep(killer, rooms.now);
  ModelRow& other = rooms.tables.add_model(model("other"));
  rooms.losses.recall(other, rooms.now);
  CHECK_FALSE(other.rests(rooms.now));
  ModelRow& again = rooms.tables.add_model(spec);
  rooms.losses.recall(again, rooms.now + 30s);
  CHECK_FALSE(again.rests(rooms.now));
  rooms.losses.recall(again, rooms.now + 29s);
  CHECK(again.rests(rooms.now + 29s));
  CHECK(again.loads_alone);
  CHECK(again.reasons.back().message() ==
        "chromium 1.0: loading model 'killer' ended its worker 3 times in a row: crash");
}

TEST_CASE("a model whose loads kill their tab takes no other down, and is named") {
  PoolOptions options = launching();
  options.max_connections = 1;
  options.connection.health_interval = 0ms;
  Rig<> rig(options);
  const std::size_t culprit = GENERATE(0u, 2u, 5u);
  std::vector<ModelIndex> models;
  for (int i = 0; i < 6; ++i)
    models.push_back(rig.engine.add_model(model("m" + std::to_string(i)), {rig.now, rig.out}));
  LaunchId launch = rig.take<Launch>().at(0).launch;
  std::optional<ConnectionId> tab = rig.join(launch);
  rig.engine.heard(*tab);
  std::map<ModelIndex, std::optional<Error>> ends;
  std::vector<OpenWorker> loading;
  int deaths = 0;
  for (int i = 0; i < 600 && ends.size() < 6; ++i) {
    for (const Launch& each : rig.take<Launch>()) launch = each.launch;
    if (!tab) {
      tab = rig.join(launch);
      rig.engine.heard(*tab);
    }
    // As in a page: two load at a time.
    for (const OpenWorker& each : rig.take<OpenWorker>()) loading.push_back(each);
    const std::size_t some = std::min<std::size_t>(loading.size(), 2);
    bool dies = false;
    for (std::size_t each = 0; each < some; ++each) {
      rig.engine.load_progressed(loading[each].worker, {LoadStage::fetch, 0, 1}, rig.now);
      dies |= loading[each].model == models[culprit];
    }
    if (dies) {
      ++deaths;
      loading.clear();
      tab.reset();
      rig.engine.exited(launch, Error(errc::connection_lost, "renderer killed"), {rig.now, rig.out});
    } else {
      for (std::size_t each = 0; each < some; ++each)
        rig.engine.loaded(loading[each].worker, Backend::wasm, 0, {rig.now, rig.out});
      loading.erase(loading.begin(), loading.begin() + static_cast<std::ptrdiff_t>(some));
    }
    for (const ModelReady& each : rig.take<ModelReady>()) ends[each.model] = each.error;
    rig.tick(1s);
    for (const ModelReady& each : rig.take<ModelReady>()) ends[each.model] = each.error;
  }
  REQUIRE(ends.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(ends[models[i]].has_value() == (i == culprit));
  CHECK(says(ends[models[culprit]], "3 times in a row: renderer killed"));
  CHECK(deaths <= 4);
}
