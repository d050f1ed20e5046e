#include <webpool/engine/records.hpp>

#include <memory>
#include <webpool/engine/actions.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace webpool;
using namespace webpool::engine;

TEST_CASE("only a ready worker without runs is idle") {
  WorkerRow row;
  CHECK_FALSE(row.idle());
  row.ready = true;
  CHECK(row.idle());
  row.runs.push_back({RequestId{1}});
  CHECK_FALSE(row.idle());
}

TEST_CASE("a model fits the browsers that it names, or any") {
  CHECK(ModelRow({.name = "m", .browsers = {}}, {}, 1).fits(rig::browser(Browser::safari)));
  const ModelRow restricted({.name = "m", .browsers = {Browser::firefox}}, {}, 1);
  CHECK(restricted.fits(rig::browser(Browser::firefox)));
  CHECK_FALSE(restricted.fits(rig::browser(Browser::safari)));
}

TEST_CASE("a model keeps one experience per browser and backend, in place") {
  ModelRow model({.name = "m", .browsers = {}}, {}, 1);
  Experience& first = model.experience(Browser::firefox, Backend::wasm);
  for (Browser kind : {Browser::chromium, Browser::edge, Browser::safari}) model.experience(kind, Backend::webgpu);
  CHECK(&model.experience(Browser::firefox, Backend::wasm) == &first);
  CHECK(model.experiences.size() == 4);
}

TEST_CASE("a model keeps the newest eight distinct reasons") {
  ModelRow model({.name = "m", .browsers = {}}, {}, 1);
  for (int i = 0; i < 20; ++i) model.add_reason(Error(errc::load_failed, std::to_string(i / 2)));
  CHECK(model.reasons.size() == 8);
  CHECK(model.reasons.front().message() == "2");
  CHECK(model.reasons.back().message() == "9");
}

TEST_CASE("what waits and what is to be done stay small, whatever is added to them") {
  STATIC_REQUIRE(sizeof(RequestRow) <= 96);  // a hundred thousand may wait
  STATIC_REQUIRE(sizeof(Action) <= 96);      // most are runs and answers
}

TEST_CASE("a request has extras once it needs them") {
  RequestRow row;
  CHECK(row.result() == nullptr);
  CHECK(row.placing() == nullptr);
  row.with_extras().placing = std::make_shared<const Placing>();
  row.with_extras().result = HeldResult{};
  CHECK(row.placing() == row.extras->placing.get());
  CHECK(row.result() == &*row.extras->result);
}
