// A clock that jumps. The engine takes the time as an argument, so here it is a number.

#include <map>

#include "../../tests/engine/rig.hpp"
#include "faults.hpp"

namespace faults {
namespace {

/// Eight requests in two tabs, a jump of the clock, and ticks until all have ended.
Row jump(std::string name, webpool::Duration by) {
  webpool::PoolOptions options = rig::attached();
  options.retries.attempts = 3;
  rig::Rig<> pool(options);
  std::vector<webpool::ConnectionId> tabs{pool.join(), pool.join()};
  const auto model = pool.engine.add_model(rig::model("m", {}, 2), {pool.now, pool.out});
  pool.load_all();
  std::map<webpool::RequestId, unsigned> ends;
  Row row{.fault = std::move(name), .target = "engine, manual clock (simulated)"};
  for (int i = 0; i < 8; ++i) ends[pool.submit(model)] = 0;
  row.tally.submitted = ends.size();
  row.in_flight = pool.engine.metrics().in_flight;
  const auto settle = [&] {
    for (const auto& each : pool.take<webpool::engine::Complete>()) {
      ++ends[each.request];
      ++(each.error ? row.tally.errors : row.tally.answered);
    }
  };
  std::vector<webpool::engine::Run> held = pool.take<webpool::engine::Run>();  // the tabs compute while it jumps
  pool.now += by;
  pool.tick();
  for (const auto& run : held) pool.finish(run);
  const webpool::TimePoint jumped = pool.now;
  std::optional<webpool::TimePoint> next;
  for (int tick = 0; tick < 100 && pool.engine.metrics().completed < ends.size(); ++tick) {
    pool.load_all();
    for (const auto& tab : tabs) pool.engine.heard(tab);
    for (const auto& run : pool.take<webpool::engine::Run>()) pool.finish(run);
    if (!next && pool.engine.metrics().completed > 0) next = pool.now;
    pool.tick(100ms);
  }
  settle();
  for (const auto& [id, count] : ends) {
    row.tally.lost += count == 0;
    row.tally.duplicated += count > 1;
  }
  if (next) row.recoveries_ms.push_back(std::chrono::duration<double, std::milli>(*next - jumped).count());
  row.note = "answers are counted; there is no content";
  return row;
}

}  // namespace

std::vector<Row> clock_faults() {
  return {jump("clock jumps one hour ahead", 1h), jump("clock jumps one hour back", -1h)};
}

}  // namespace faults
