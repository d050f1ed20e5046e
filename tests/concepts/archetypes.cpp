#include "archetypes.hpp"

#include <webpool/engine/engine.hpp>
#include <webpool/engine/policy_set.hpp>

#include "../catch.hpp"

using namespace archetypes;

// No more is needed of a policy than its concept says.
template class webpool::engine::PolicySet<Selector, Scaling, Memory, Queue>;

TEST_CASE("an engine of archetypes lives") {
  engine::Engine engine(PoolOptions(), engine::make_policy_set<Selector, Scaling, Memory, Queue>());
  engine::Actions out;
  engine.start({TimePoint(std::chrono::seconds(1)), out});
  engine.submit({}, {TimePoint(std::chrono::seconds(1)), out});
  engine.tick({TimePoint(std::chrono::seconds(2)), out});
  engine.close({TimePoint(std::chrono::seconds(3)), out});
  CHECK(engine.metrics().failed == 1);
}
