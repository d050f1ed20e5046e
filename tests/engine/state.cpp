#include <webpool/engine/state.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("low memory mode means one model and one request per tab, and never less than one request") {
  PoolOptions options = attached();
  options.memory.low_memory_mode = true;
  CHECK(State(options, nullptr).options.memory.models_per_connection == 1);
  CHECK(State(options, nullptr).tables.limit == 1);
  options = attached();
  options.connection.requests_in_flight = 0;
  CHECK(State(options, nullptr).tables.limit == 1);
}
