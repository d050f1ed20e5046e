// Groups: what stays apart, and what comes into the same browser.
#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

ModelSpec placed(std::string name, Placing placing) {
  ModelSpec spec = model(std::move(name));
  spec.placing = std::move(placing);
  return spec;
}
const Placing shard{.group = "shards", .apart_from = {"shards"}};

}  // namespace

TEST_CASE("models that want to be apart are loaded into different tabs, for which browsers are launched") {
  Rig<> rig(launching());
  rig.engine.add_model(placed("first", shard), {rig.now, rig.out});
  rig.join(rig.take<Launch>().at(0).launch);
  const auto first = rig.load_all();
  rig.engine.add_model(placed("second", shard), {rig.now, rig.out});
  CHECK(rig.take<OpenWorker>().empty());
  rig.join(rig.take<Launch>().at(0).launch);
  const auto second = rig.load_all();
  REQUIRE(second.size() == 1);
  CHECK(second[0].connection != first.at(0).connection);
}

TEST_CASE("a model that finds no tab apart from others hears so") {
  PoolOptions options = launching();
  options.max_connections = 1;
  Rig<> rig(options);
  rig.engine.add_model(placed("first", shard), {rig.now, rig.out});
  rig.join(rig.take<Launch>().at(0).launch);
  rig.load_all();
  rig.out.clear();
  rig.engine.add_model(placed("second", shard), {rig.now, rig.out});
  const auto ready = rig.take<ModelReady>();
  REQUIRE(ready.size() == 1);
  CHECK(code(ready[0].error) == errc::no_browser_found);
  CHECK(says(ready[0].error, "model 'second' wants any browser, not in a tab with 'shards'"));
}

TEST_CASE("a tab that falls free of the group may take the model") {
  Rig<> rig(attached());
  const ModelIndex first = rig.engine.add_model(placed("first", shard), {rig.now, rig.out});
  rig.join();
  rig.load_all();
  rig.engine.add_model(placed("second", shard), {rig.now, rig.out});
  CHECK(rig.take<OpenWorker>().empty());
  rig.engine.remove_model(first, {rig.now, rig.out});
  rig.tick();
  CHECK(rig.take<OpenWorker>().size() == 1);
}

TEST_CASE("a model goes into the same kind of browser as a group, and such a one is launched") {
  PoolOptions options = launching();
  options.browsers = {Browser::chromium, Browser::firefox};
  Rig<> rig(options);
  ModelSpec anchor = placed("anchor", {.group = "anchor"});
  anchor.browsers = {Browser::firefox};
  rig.engine.add_model(anchor, {rig.now, rig.out});
  rig.join(rig.take<Launch>().at(0).launch, Browser::firefox);
  rig.load_all();
  rig.join(Browser::chromium);
  rig.engine.add_model(placed("beside", {.apart_from = {"anchor"}, .same_browser_as = {"anchor"}}), {rig.now, rig.out});
  CHECK(rig.take<OpenWorker>().empty());
  const auto launches = rig.take<Launch>();
  REQUIRE(launches.size() == 1);
  CHECK(launches[0].browser == Browser::firefox);
}

TEST_CASE("a request is not run where a tensor or a run of a group is that it wants to be apart from") {
  Rig<> rig(attached());
  const ModelIndex digits = rig.engine.add_model(model("digits", {}, 2), {rig.now, rig.out});
  rig.join();
  rig.join();
  rig.load_all();
  rig.out.clear();
  const auto placing = std::make_shared<const Placing>(shard);
  const auto submit = [&] { return rig.engine.submit({.model = digits}, {rig.now, rig.out}, {.placing = placing}); };
  submit(), submit(), submit();
  const auto runs = rig.take<Run>();
  REQUIRE(runs.size() == 2);  // the third waits: each tab has one
  CHECK(runs[0].worker != runs[1].worker);
  rig.engine.kept(runs[0].worker, 8, placing);
  rig.finish(runs[0]);
  rig.tick(100ms);
  CHECK(rig.take<Run>().empty());  // its tensor stays
  rig.engine.dropped(runs[0].worker, 8, placing, {rig.now, rig.out});
  rig.tick(100ms);
  const auto third = rig.take<Run>();
  REQUIRE(third.size() == 1);
  CHECK(third[0].worker == runs[0].worker);
}

TEST_CASE("what is lost with its worker is nobody's neighbour any more") {
  Rig<> rig(attached());
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  rig.join();
  const WorkerId worker = rig.load_all().at(0).worker;
  const auto placing = std::make_shared<const Placing>(shard);
  rig.engine.kept(worker, 8, placing);
  rig.engine.worker_lost(worker, Error(errc::device_lost, "gone"), {rig.now, rig.out});
  rig.load_all();
  rig.out.clear();
  rig.engine.submit({.model = digits}, {rig.now, rig.out}, {.placing = placing});
  CHECK(rig.take<Run>().size() == 1);
}
