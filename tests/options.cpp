#include <webpool/options.hpp>

#include <type_traits>

#include "catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

static_assert(std::is_aggregate_v<PoolOptions> && std::is_aggregate_v<ModelOptions> &&
              std::is_aggregate_v<BrowserOptions> && std::is_aggregate_v<ConnectionSettings> &&
              std::is_aggregate_v<MemorySettings>);
static_assert(ConnectionSettings{}.requests_in_flight >= 2, "the next request's bytes travel while one computes");
static_assert(ConnectionSettings{}.health_interval < ConnectionSettings{}.connect_timeout);
static_assert(MemorySettings{}.pressure_threshold > 0 && MemorySettings{}.pressure_threshold <= 1);

TEST_CASE("the defaults bind loopback only and contradict nothing") {
  const PoolOptions options;
  CHECK(options.address == "127.0.0.1");
  CHECK(options.port == 0);
  CHECK(options.headless);
  CHECK(options.min_connections <= options.max_connections);
  CHECK(options.connection.idle_timeout == 0ms);
  CHECK(options.connection.maximum_age == 0ms);
}

TEST_CASE("designated initialisers name what differs") {
  const PoolOptions options{.max_connections = 2,
                            .browsers = {Browser::firefox},
                            .browser_options = {{Browser::firefox, {.compute_shaders = false, .wasm_threads = 4}}},
                            .connection = {.message_timeout = 5s},
                            .memory = {.low_memory_mode = true}};
  CHECK(options.min_connections == 1);
  CHECK(options.browser_options.at(Browser::firefox).wasm_threads == 4);
  CHECK(options.browser_options.at(Browser::firefox).shader_precompile);
  CHECK(options.connection.message_timeout == 5000ms);
  CHECK(options.connection.load_timeout == ConnectionSettings{}.load_timeout);
}

TEST_CASE("a model is loaded once, by default, and each tab chooses the backend") {
  const ModelOptions options{.name = "digits"};
  CHECK(options.backends.empty());
  CHECK(options.replicas == 1);
  CHECK_FALSE(options.task);
  CHECK_FALSE(options.progress);
  CHECK(options.batching.maximum == 1);
  CHECK(options.batching.delay == 2ms);
}
