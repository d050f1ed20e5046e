#include <webpool/driver/check_options.hpp>

#include <cmath>
#include <optional>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {

template <class Check>
std::string complaint(Check check) {
  try {
    check();
  } catch (const Error& error) {
    CHECK(error.code() == errc::invalid_options);
    return error.message();
  }
  return "";
}

std::string complaint(const PoolOptions& options) {
  return complaint([&] { driver::check_options(options); });
}

/// A model of which runs of up to eight rows make sense.
ModelInfo model() {
  ModelInfo info;
  info.inputs = {{.name = "x", .shape = {Shape::any, 2}, .symbols = {"batch", ""}}};
  info.outputs = {{.name = "y", .shape = {Shape::any, 1}, .symbols = {"batch", ""}}};
  return info;
}

std::string complaint(const BatchOptions& options, const ModelInfo& info = model()) {
  return complaint([&] { driver::check_batching("digits", info, options); });
}

}  // namespace

TEST_CASE("a pool's defaults are fine") { CHECK(complaint(PoolOptions()).empty()); }

TEST_CASE("what guests are asked must be possible") {
  CHECK(complaint({.guests = {.recheck_share = 1}}).empty());
  CHECK(complaint({.guests = {.recheck_share = 1.5}}) ==
        "guests.recheck_share is 1.500000: it must be between 0 and 1");
  CHECK_FALSE(complaint({.guests = {.recheck_share = std::nan("")}}).empty());
  CHECK(complaint({.guests = {.absolute_tolerance = -1}}) ==
        "guests.absolute_tolerance is -1.000000: it must be 0 or more, and finite");
  CHECK_FALSE(complaint({.guests = {.relative_tolerance = INFINITY}}).empty());
  CHECK(complaint({.launch_browsers = false, .guests = {.recheck_share = 0.1}}) ==
        "guests.recheck_share is set, but launch_browsers is off: there will be no own tab to check results in");
}

TEST_CASE("a public origin is brought into browsers' form, and what is none is refused") {
  CHECK(driver::check_options({.public_origin = "https://Pool.Example:443"}).public_origin == "https://pool.example");
  CHECK(complaint({.public_origin = "pool.example"}) ==
        "public_origin has 'pool.example': an origin is a scheme, a host and optionally a port, such as "
        "\"https://models.example\"");
  CHECK_FALSE(complaint({.public_origin = "https://pool.example/"}).empty());
}

TEST_CASE("a pool that could never run anything is refused") {
  CHECK(complaint({.min_connections = 5, .max_connections = 3}) == "min_connections (5) exceeds max_connections (3)");
  CHECK(complaint({.min_connections = 0, .max_connections = 0}) ==
        "max_connections is 0: such a pool can never run anything");
  CHECK(complaint({.connection = {.requests_in_flight = 0}}) == "requests_in_flight is 0: nothing would ever run");
  CHECK(complaint({.flight_record = 0}) == "flight_record is 0: it must be at least 1");
  CHECK(complaint({.busy_poll = -1us}) == "busy_poll is -1 us: it must be between 0 and ten years");
}

TEST_CASE("times that no clock can count are refused by name") {
  CHECK(complaint({.connection = {.connect_timeout = -1ms}}) ==
        "connect_timeout is -1 ms: it must be between 0 and 315360000000");
  CHECK(complaint({.connection = {.maximum_age = driver::longest_time + 1ms}}) ==
        "maximum_age is 315360000001 ms: it must be between 0 and 315360000000");
  CHECK(complaint({.connection = {.maximum_age = driver::longest_time}}).empty());
}

TEST_CASE("retries that could not be are refused") {
  CHECK(complaint({.retries = {.attempts = 0}}) == "retries.attempts is 0: it must be between 1 (never again) and 100");
  CHECK(complaint({.retries = {.base = -1ms}}) == "retries.base is -1 ms: it must be between 0 and 315360000000");
  CHECK(complaint({.retries = {.budget = std::nan("")}}) == "retries.budget is nan: it must be between 0 and 1");
  CHECK(complaint({.retries = {.budget = -0.5}}) == "retries.budget is -0.500000: it must be between 0 and 1");
}

TEST_CASE("batches are refused where a number makes no sense") {
  CHECK(complaint(BatchOptions{.maximum = 8, .preferred = {4, 8}}).empty());
  CHECK(complaint(BatchOptions{.maximum = 0}) == "model 'digits': batches of at most 0 rows could never run");
  CHECK(complaint(BatchOptions{.maximum = 8, .delay = -1us}) ==
        "model 'digits': batching.delay is -1 us: it must be between 0 and ten years");
  CHECK(complaint(BatchOptions{.maximum = 8, .preferred = {4, 16}}) ==
        "model 'digits': batching.preferred has 16: it must be between 1 and the maximum, 8");
  CHECK(complaint(BatchOptions{.maximum = 8, .preferred = {0}}) ==
        "model 'digits': batching.preferred has 0: it must be between 1 and the maximum, 8");
}

TEST_CASE("batches of a model that has none are refused with the axis, and one row is always fine") {
  ModelInfo fixed = model();
  fixed.outputs[0].shape = {1, 1};
  CHECK(complaint(BatchOptions{.maximum = 1}, fixed).empty());
  CHECK(complaint(BatchOptions{.maximum = 8}, fixed) ==
        "model 'digits': batches of up to 8 rows are asked for, but axis 0 of output 'y' [1, 1] is not a free "
        "dimension");
}
