#include <webpool/engine/neighbours.hpp>

#include "../catch.hpp"

using namespace webpool;
using engine::Neighbours;

namespace {
constexpr ConnectionIndex first{0}, second{1};
constexpr Browser chromium = Browser::chromium, firefox = Browser::firefox;
}  // namespace

TEST_CASE("what wants to be apart is so from both sides") {
  Neighbours tabs;
  tabs.enter(first, chromium, {.group = "a"});
  CHECK_FALSE(tabs.welcome(first, chromium, {.apart_from = {"b", "a"}}));
  CHECK(tabs.welcome(second, chromium, {.apart_from = {"a"}}));
  tabs.enter(second, chromium, {.group = "b", .apart_from = {"c"}});
  CHECK_FALSE(tabs.welcome(second, chromium, {.group = "c"}));
  CHECK(tabs.welcome(first, chromium, {.group = "c"}));
}

TEST_CASE("a group apart from itself takes one tab each") {
  const Placing shard{.group = "shards", .apart_from = {"shards"}};
  Neighbours tabs;
  tabs.enter(first, chromium, shard);
  CHECK_FALSE(tabs.welcome(first, chromium, shard));
  CHECK(tabs.welcome(second, chromium, shard));
}

TEST_CASE("the same browser is asked for once the group is somewhere") {
  const Placing beside{.same_browser_as = {"a"}};
  Neighbours tabs;
  CHECK(tabs.welcome(first, firefox, beside));
  tabs.enter(second, chromium, {.group = "a"});
  CHECK_FALSE(tabs.welcome(first, firefox, beside));
  CHECK(tabs.welcome(first, chromium, beside));
  CHECK(tabs.welcome_in(chromium, beside));
}

TEST_CASE("who enters twice leaves twice, and then nothing is left") {
  const Placing a{.group = "a", .apart_from = {"b"}};
  Neighbours tabs;
  tabs.enter(first, chromium, a);
  tabs.enter(first, chromium, a);
  tabs.leave(first, chromium, a);
  CHECK_FALSE(tabs.welcome(first, chromium, {.group = "b"}));
  tabs.leave(first, chromium, a);
  CHECK(tabs.welcome(first, chromium, {.group = "b"}));
  CHECK(tabs.welcome(first, firefox, {.same_browser_as = {"a"}}));
}
