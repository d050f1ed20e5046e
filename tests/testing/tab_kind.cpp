#include <webpool/testing/tab_kind.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("drifts multiply from their time on, for the models that they name") {
  const testing::TabKind kind{.browser = Browser::firefox,
                              .models = {{"digits", {.service = 10ms}}, {"vit", {.service = 10ms}}},
                              .drifts = {{.at = 5s, .factor = 3}, {.at = 8s, .factor = 2, .model = "vit"}}};
  CHECK(kind.mean_service("digits", 4s) == 10ms);
  CHECK(kind.mean_service("digits", 5s) == 30ms);
  CHECK(kind.mean_service("digits", 9s) == 30ms);
  CHECK(kind.mean_service("vit", 9s) == 60ms);
}
