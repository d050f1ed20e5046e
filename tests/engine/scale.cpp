#include <webpool/policies/scheduling/priority.hpp>
#include <webpool/policies/selector/power_of_two.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEMPLATE_TEST_CASE("10,000 tabs work off 100,000 requests", "", scheduling::Fifo, scheduling::Priority) {
  constexpr std::size_t tabs = 10'000, requests = 100'000;
  PoolOptions options = attached();
  options.max_connections = tabs;
  Rig<selector::PowerOfTwo, scaling::Fixed, memory::LruBudget, TestType> rig(options);
  const ModelIndex digits = rig.engine.add_model(model("digits", {}, tabs), {rig.now, rig.out});
  for (std::size_t i = 0; i < tabs; ++i) rig.join(i % 2 == 0 ? Browser::chromium : Browser::firefox);
  REQUIRE(rig.load_all().size() == tabs);
  for (std::size_t i = 0; i < requests; ++i) rig.submit(digits, 1h, static_cast<int>(i % 3));
  auto runs = rig.template take<Run>();
  REQUIRE(runs.size() == 2 * tabs);
  REQUIRE(rig.engine.metrics().queued == requests - 2 * tabs);
  std::size_t most = 0;
  while (!runs.empty()) {
    for (const Run& run : runs) REQUIRE(rig.finish(run));
    rig.tick(100ms);
    runs = rig.template take<Run>();
    most = std::max(most, runs.size());
    rig.out.clear();
  }
  CHECK(most == 2 * tabs);
  CHECK(rig.engine.metrics().completed == requests);
  rig.engine.close({rig.now, rig.out});
  CHECK(rig.engine.metrics().connections == 0);
}

TEST_CASE("a request beyond a million is refused, and the others stay") {
  Rig<> rig(attached());
  const ModelIndex digits = rig.engine.add_model(model("digits"), {rig.now, rig.out});
  constexpr std::size_t most = SlotMap<RequestId, RequestRow>::capacity - 1;
  for (std::size_t i = 0; i < most; ++i) rig.submit(digits);
  REQUIRE(rig.out.empty());
  const RequestId refused = rig.submit(digits);
  const auto ends = rig.take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].request == refused);
  CHECK(ends[0].error->message() == "the pool holds as many requests as it can: 1048576");
  CHECK(rig.engine.metrics().queued == most);
}
