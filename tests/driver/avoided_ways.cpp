#include <webpool/driver/avoided_ways.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using driver::AvoidedWays;

namespace {

const BrowserInfo firefox{.browser = Browser::firefox, .version = "153.7"};
const driver::Way gpu{Backend::webnn, WebnnDevice::gpu}, cpu{Backend::webnn, WebnnDevice::cpu};

}  // namespace

TEST_CASE("a way that failed is avoided for that model in tabs of that kind") {
  AvoidedWays ways;
  const TimePoint now{};
  ways.fail("c0ff", firefox, gpu, "no kernel");
  const auto avoided = ways.find("c0ff", firefox, now + 24h);
  REQUIRE(avoided.size() == 1);
  CHECK(avoided[0].way == gpu);
  CHECK(avoided[0].reason == "no kernel");
  CHECK(ways.find("beef", firefox, now).empty());
  CHECK(ways.find("c0ff", {.browser = Browser::firefox, .version = "154.0"}, now).empty());
  CHECK(ways.find("c0ff", {.browser = Browser::chromium, .version = "153.7"}, now).empty());
}

TEST_CASE("a way that hangs rests for a while: at once if it never answered, else after the second time") {
  AvoidedWays ways;
  TimePoint now{};
  ways.hang("c0ff", firefox, gpu, "no answer", AvoidedWays::Before::silent, now);
  CHECK(ways.find("c0ff", firefox, now + AvoidedWays::rest - 1s).size() == 1);
  CHECK(ways.find("c0ff", firefox, now + AvoidedWays::rest).empty());

  ways.hang("c0ff", firefox, cpu, "no answer", AvoidedWays::Before::answered, now);
  CHECK(ways.find("c0ff", firefox, now).size() == 1);
  ways.hang("c0ff", firefox, cpu, "again", AvoidedWays::Before::answered, now + 1min);
  CHECK(ways.find("c0ff", firefox, now + 1min).size() == 2);

  now += 2 * AvoidedWays::rest;
  ways.hang("c0ff", firefox, cpu, "much later", AvoidedWays::Before::answered, now);
  CHECK(ways.find("c0ff", firefox, now).empty());
}

TEST_CASE("a hang says nothing new of a way that failed") {
  AvoidedWays ways;
  ways.fail("c0ff", firefox, gpu, "no kernel");
  ways.hang("c0ff", firefox, gpu, "no answer", AvoidedWays::Before::answered, {});
  REQUIRE(ways.find("c0ff", firefox, {}).size() == 1);
  CHECK(ways.find("c0ff", firefox, {})[0].reason == "no kernel");
}
