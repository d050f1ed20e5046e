#include <webpool/engine/lane.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "../catch.hpp"

using namespace webpool;

namespace {
std::vector<ConnectionIndex> listed(std::span<const ConnectionIndex> tabs) { return {tabs.begin(), tabs.end()}; }
}  // namespace

TEST_CASE("idle tabs come first, full ones are no candidates") {
  engine::Lane lane(2);
  for (std::uint32_t tab : {0u, 1u, 2u}) lane.insert({tab}, WorkerId{tab + 10});
  CHECK(lane.idle() == 3);
  lane.sent({0});
  lane.sent({0});
  lane.sent({1});
  CHECK(listed(lane.candidates()) == std::vector<ConnectionIndex>{{2}, {1}});
  CHECK(lane.idle() == 1);
  CHECK_FALSE(lane.has_room({0}));
  CHECK(lane.has_room({1}));
  CHECK_FALSE(lane.has_room({9}));
  CHECK(lane.worker({1}) == WorkerId{11});
  lane.answered({0});
  CHECK(lane.has_room({0}));
  lane.erase({2});
  CHECK(lane.idle() == 0);
  CHECK(lane.size() == 2);
}

TEST_CASE("a lane orders tabs by requests in flight, whatever happens") {
  const unsigned limit = GENERATE(1u, 2u, 5u);
  engine::Lane lane(limit);
  std::map<ConnectionIndex, unsigned> model;
  std::set<ConnectionIndex> blocked;
  std::mt19937 random(limit);
  for (int i = 0; i < 20'000; ++i) {
    const ConnectionIndex tab{static_cast<std::uint32_t>(random() % 30)};
    if (!model.contains(tab)) {
      lane.insert(tab, WorkerId{tab.value});
      model[tab] = 0;
    } else if (const auto what = random() % 11; what == 0) {
      lane.erase(tab);
      model.erase(tab);
      blocked.erase(tab);
    } else if (blocked.contains(tab)) {
      if (what > 6) model[tab] -= std::min(model[tab], 1u);  // answered
      if (what != 1) continue;
      lane.unblock(tab, model[tab]);
      blocked.erase(tab);
    } else if (what == 10) {
      lane.block(tab);
      blocked.insert(tab);
    } else if (what < 6 && model[tab] < limit) {
      lane.sent(tab);
      ++model[tab];
    } else if (what >= 6 && model[tab] > 0) {
      lane.answered(tab);
      --model[tab];
    }
    REQUIRE(lane.size() == model.size());
    const auto candidates = lane.candidates();
    REQUIRE(std::ranges::is_sorted(candidates, {}, [&](ConnectionIndex each) { return model.at(each); }));
    REQUIRE(static_cast<std::ptrdiff_t>(candidates.size()) == std::ranges::count_if(model, [&](const auto& each) {
              return each.second < limit && !blocked.contains(each.first);
            }));
    REQUIRE(static_cast<std::ptrdiff_t>(lane.idle()) == std::ranges::count_if(model, [&](const auto& each) {
              return each.second == 0 && !blocked.contains(each.first);
            }));
    REQUIRE(lane.has_room() == !candidates.empty());
    for (const auto& [each, in_flight] : model) {
      REQUIRE(lane.has_room(each) == (in_flight < limit && !blocked.contains(each)));
      REQUIRE(lane.worker(each) == WorkerId{each.value});
    }
  }
}

TEST_CASE("what policies see of a lane grows with it") {
  engine::Lane lane(2);
  const Serving& seen = lane.serving();
  for (std::uint32_t tab : {0u, 40u, 3u, 1'000u}) {
    lane.set_backend({tab}, Backend::webgpu);
    CHECK(seen.positions[tab] == Serving::nowhere);
    lane.set_health({tab}, 50);
    lane.insert({tab}, WorkerId{tab});
    CHECK(seen.backends[tab] == Backend::webgpu);
    CHECK(seen.healths[tab] == 50);
    CHECK(seen.positions[tab] < lane.size());
    CHECK(seen.ends.back() == lane.size());
  }
  lane.erase({40});
  CHECK(seen.positions[40] == Serving::nowhere);
  lane.set_backend({40}, Backend::wasm);
  CHECK(seen.healths[40] == 100);
}
