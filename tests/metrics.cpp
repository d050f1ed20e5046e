#include "catch.hpp"

#include <webpool/metrics.hpp>

TEST_CASE("a new pool has counted nothing", "[vocabulary]") {
  const webpool::Metrics metrics;
  CHECK(metrics.submitted + metrics.completed + metrics.failed + metrics.cancelled + metrics.expired == 0);
  CHECK(metrics.connections + metrics.queued + metrics.in_flight + metrics.memory_bytes == 0);
  const webpool::ExecutionStats stats;
  CHECK(stats.completed + stats.failed == 0);
  CHECK(stats.p50_ms == 0);
}
