#include <webpool/policies/memory/watermarks.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "../../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {
/// A tab that does what the policy says.
struct Tab {
  MemorySettings settings{.bytes_per_connection = 1000};
  std::vector<LoadedModel> models{};
  std::size_t elsewhere = 0;
  std::uint32_t loads = 0;

  std::size_t used() const {
    std::size_t bytes = 0;
    for (const LoadedModel& each : models) bytes += each.bytes;
    return bytes;
  }

  /// Loads a model, and returns how many were evicted for it; -1: refused.
  int load(memory::Watermarks& policy, std::size_t bytes, bool idle = true) {
    for (int evicted = 0;; ++evicted) {
      const auto decision = policy.make_room({settings, models, used(), bytes, used() + elsewhere, {}});
      if (decision.kind == MemoryDecision::Kind::refuse) return -1;
      if (decision.kind == MemoryDecision::Kind::load) {
        models.push_back(
            {.model = {loads}, .bytes = bytes, .last_used = TimePoint(loads * 1s), .idle = idle, .loaded = {}});
        ++loads;
        return evicted;
      }
      const auto victim = std::ranges::find(models, decision.victim, &LoadedModel::model);
      REQUIRE(victim != models.end());
      REQUIRE(victim->idle);
      models.erase(victim);
    }
  }
};
}  // namespace

TEST_CASE("Watermarks evict nothing below the high mark, and down to the low mark above it") {
  Tab tab{.settings = {.bytes_per_connection = 1000, .models_per_connection = 0}};
  memory::Watermarks policy;
  for (int i = 0; i < 8; ++i) CHECK(tab.load(policy, 100) == 0);
  CHECK(tab.load(policy, 100) == 3);  // 600 with the new one
  CHECK(tab.models.front().model == ModelIndex{3});
  CHECK(tab.load(policy, 100) == 0);
  CHECK(tab.load(policy, 100) == 0);
  CHECK(tab.load(policy, 100) == 3);
}

TEST_CASE("another tab that is between the marks loses nothing while one is cleared up") {
  Tab full{.settings = {.bytes_per_connection = 1000, .models_per_connection = 0}};
  Tab half = full;
  memory::Watermarks policy;
  for (int i = 0; i < 8; ++i) full.load(policy, 100);
  for (int i = 0; i < 6; ++i) half.load(policy, 100);
  full.load(policy, 100);
  CHECK(half.load(policy, 100) == 0);
}

TEST_CASE("Watermarks leave busy models, and fill the budget up where none is idle") {
  Tab tab;
  memory::Watermarks policy;
  for (int i = 0; i < 4; ++i) CHECK(tab.load(policy, 200, false) == 0);
  CHECK(tab.load(policy, 200) == 0);
  CHECK(tab.load(policy, 201) == -1);
  CHECK(tab.load(policy, 200) == 1);
  CHECK(tab.load(policy, 1001) == -1);
}

TEST_CASE("the number of models alone clears nothing up") {
  Tab tab{.settings = {.bytes_per_connection = 1000, .models_per_connection = 3}};
  memory::Watermarks policy;
  for (int i = 0; i < 3; ++i) CHECK(tab.load(policy, 230) == 0);
  CHECK(tab.load(policy, 100) == 1);
}

TEST_CASE("the marks hold for the pool's bytes too") {
  Tab tab{.settings = {.bytes_for_pool = 1000}, .elsewhere = 300};
  memory::Watermarks policy;
  for (int i = 0; i < 5; ++i) CHECK(tab.load(policy, 100) == 0);
  CHECK(tab.load(policy, 100) == 3);
}

TEST_CASE("a low mark that is none, or above the high one, is the high one") {
  for (const double low : {0.9, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    Tab tab{.settings = {.bytes_per_connection = 1000, .models_per_connection = 0}};
    memory::Watermarks policy({.low = low});
    for (int i = 0; i < 8; ++i) CHECK(tab.load(policy, 100) == 0);
    for (int i = 0; i < 3; ++i) CHECK(tab.load(policy, 100) == 1);
  }
}

TEST_CASE("without budgets Watermarks load everything") {
  Tab tab{.settings = {.models_per_connection = 0}};
  memory::Watermarks policy({.low = 0});
  for (int i = 0; i < 20; ++i) CHECK(tab.load(policy, 1u << 30) == 0);
}
