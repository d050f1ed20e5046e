#include "../catch.hpp"

#include <type_traits>
#include <webpool/protocol/messages.hpp>

namespace {

using namespace webpool;
using namespace webpool::protocol;

static_assert(version == 1);
static_assert(std::is_nothrow_move_constructible_v<ControlMessage> &&
              std::is_nothrow_move_constructible_v<DataMessage>);
static_assert(to_string(LoadStage::warmup) == "warmup");
static_assert(to_string(Refusal::pool_closed) == "pool_closed");
static_assert(parse_error_code("device_lost") == errc::device_lost);
static_assert(parse_error_code("hash_mismatch") == errc::load_failed);
static_assert(!parse_error_code("other"));

}  // namespace

TEST_CASE("a hello without a version of its own has ours", "[protocol]") {
  CHECK(Hello{}.version == 1);
  CHECK(Attach{}.version == 1);
}

TEST_CASE("every error code of the wire has a code on the host", "[protocol]") {
  for (const auto& row : error_codes) {
    INFO(row.code);
    CHECK(parse_error_code(row.code) == row.error);
    CHECK(make_error_code(row.error).message() != "unknown error");
  }
}
