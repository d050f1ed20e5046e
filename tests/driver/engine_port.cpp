#include <webpool/driver/engine_port.hpp>

#include <webpool/engine/policy_set.hpp>
#include <webpool/fwd.hpp>

#include "../catch.hpp"

using namespace webpool;

TEST_CASE("what a room tells the engine appends what is to be done, in order") {
  driver::EnginePort port(
      {},
      engine::make_policy_set<selector::PowerOfTwo, scaling::Utilization, memory::LruBudget, scheduling::Priority>());
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  CHECK(port.turn(now).now == now);
  const RequestId one = port.engine.submit({}, port.turn(now)), other = port.engine.submit({}, port.turn());
  REQUIRE(port.actions.size() == 2);
  CHECK(std::get<engine::Complete>(port.actions[0]).request == one);
  CHECK(std::get<engine::Complete>(port.actions[1]).request == other);
}
