#include <webpool/testing/tab_kinds.hpp>

#include "../catch.hpp"

using namespace webpool;

TEST_CASE("browsers that can be launched are named once; those that people opened are not") {
  const testing::TabKinds kinds({{.browser = Browser::chromium},
                                 {.browser = Browser::firefox},
                                 {.browser = Browser::chromium},
                                 {.browser = Browser::safari, .attached = 1}});
  CHECK(kinds.launchable() == std::vector{Browser::chromium, Browser::firefox});
}

TEST_CASE("the kinds of one browser take turns") {
  testing::TabKinds kinds({{.browser = Browser::chromium},
                           {.browser = Browser::firefox},
                           {.browser = Browser::chromium},
                           {.browser = Browser::safari, .attached = 1}});
  CHECK(kinds.next(Browser::chromium) == 0);
  CHECK(kinds.next(Browser::chromium) == 2);
  CHECK(kinds.next(Browser::chromium) == 0);
  CHECK(kinds.next(Browser::firefox) == 1);
  CHECK_FALSE(kinds.next(Browser::safari));
  CHECK_FALSE(testing::TabKinds({}).next(Browser::chromium));
}
