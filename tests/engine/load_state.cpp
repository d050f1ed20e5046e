#include <webpool/engine/load_state.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

constexpr TimePoint start{1000s};

/// When a load that heard this news 5 s after its start is given up, with a patience of 10 s, in seconds after the
/// start.
Duration due_after(LoadState load, const LoadNews& news) {
  load.advance(news, start + 5s);
  return load.due(10s) - start;
}

}  // namespace

TEST_CASE("only progress defers the end of a load") {
  LoadState load(start);
  CHECK(load.due(10s) == start + 10s);
  CHECK_FALSE(load.sent());
  load.advance({LoadStage::fetch, 50, 100}, start);
  CHECK(load.sent());
  CHECK(due_after(load, {LoadStage::fetch, 51, 100}) == 15s);
  CHECK(due_after(load, {LoadStage::fetch, 50, 100}) == 10s);
  CHECK(due_after(load, {LoadStage::fetch, 49, 100}) == 10s);
  CHECK(due_after(load, {LoadStage::create, 0, 1}) == 15s);
  load.advance({LoadStage::create, 0, 1}, start);
  CHECK(due_after(load, {LoadStage::create, 0, 1}) == 10s);
  CHECK(due_after(load, {LoadStage::create, 1, 1}) == 15s);
  CHECK(due_after(load, {LoadStage::warmup, 0, 1}) == 15s);
  CHECK(due_after(load, {LoadStage::fetch, 99, 100}) == 10s);
}

TEST_CASE("bytes that trickle are no progress") {
  LoadState load(start);
  TimePoint now = start;
  load.advance({LoadStage::fetch, 0, 1'000'000}, now);
  for (std::uint64_t done = 1; done < 1000; ++done) load.advance({LoadStage::fetch, done, 1'000'000}, now += 1s);
  CHECK(load.due(10s) == start + 10s);
  load.advance({LoadStage::fetch, 1000, 1'000'000}, now += 1s);
  CHECK(load.due(10s) == start + 1000s + 10s);
}

TEST_CASE("each backend's stages are progress, but not for ever") {
  LoadState load(start);
  TimePoint now = start;
  for (int i = 0; i < 1000; ++i) load.advance({LoadStage::create, static_cast<std::uint64_t>(i % 2), 1}, now += 1s);
  CHECK(load.due(10s) == start + 64s + 10s);
}

TEST_CASE("a load that waits for its turn can't be late") {
  LoadState load(start);
  load.advance({LoadStage::waits}, start);
  CHECK_FALSE(load.sent());
  CHECK(load.due(10s) == end_of_time);
  load.advance({LoadStage::fetch, 0, 100}, start + 60s);
  CHECK(load.due(10s) == start + 70s);
}
