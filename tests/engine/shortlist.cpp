#include <webpool/engine/shortlist.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("own tabs that compute again are those with room, the least loaded first") {
  Lane lane(2);
  ConnectionSet own;
  for (std::uint32_t i = 0; i < 4; ++i) lane.insert({i}, WorkerId{i + 1});
  for (std::uint32_t i : {0u, 1u, 3u}) own.insert({i});
  lane.sent({0});
  lane.sent({3});
  lane.sent({3});
  const auto tabs = Shortlist::among(lane, own);
  REQUIRE(tabs.tabs().size() == 2);
  CHECK(tabs.tabs()[0].value == 1);
  CHECK(tabs.tabs()[1].value == 0);
  CHECK(tabs.idle() == 1);
}

TEST_CASE("a request that failed in a tab goes to others with room, idle ones first") {
  Lane lane(2);
  for (std::uint32_t i = 0; i < 4; ++i) lane.insert({i}, WorkerId{i + 1});
  lane.sent({1});
  lane.sent({3});
  lane.sent({3});
  const auto tabs = Shortlist::of(lane, [](ConnectionIndex each) { return each.value != 0; });
  REQUIRE(tabs.tabs().size() == 2);
  CHECK(tabs.tabs()[0].value == 2);
  CHECK(tabs.tabs()[1].value == 1);
  CHECK(tabs.idle() == 1);
}

TEST_CASE("a shortlist ends after sixteen tabs") {
  Lane lane(1);
  for (std::uint32_t i = 0; i < 40; ++i) lane.insert({i}, WorkerId{i + 1});
  const auto tabs = Shortlist::of(lane, [](ConnectionIndex each) { return each.value != 39; });
  CHECK(tabs.tabs().size() == 16);
  CHECK(tabs.idle() == 16);
}
