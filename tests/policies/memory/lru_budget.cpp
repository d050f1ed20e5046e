#include <webpool/policies/memory/lru_budget.hpp>

#include <array>
#include <chrono>
#include <limits>

#include "../../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {
constexpr MemoryDecision load{}, refuse{MemoryDecision::Kind::refuse};
constexpr MemoryDecision evict(std::uint32_t model) { return {MemoryDecision::Kind::evict, {model}}; }

constexpr LoadedModel held(std::uint32_t model, int last_used, bool idle) {
  return {.model = {model}, .bytes = 100, .last_used = TimePoint(last_used * 1s), .idle = idle, .loaded = {}};
}

template <std::size_t N>
constexpr MemoryDecision decide(MemorySettings settings, std::array<LoadedModel, N> models, std::size_t needed = 100,
                                std::size_t elsewhere = 0) {
  return memory::LruBudget().make_room({settings, models, 100 * N, needed, 100 * N + elsewhere, {}});
}
constexpr MemorySettings bytes(std::size_t budget) { return {.bytes_per_connection = budget}; }
}  // namespace

TEST_CASE("LruBudget loads what leaves the budget below its pressure threshold") {
  STATIC_REQUIRE(decide(bytes(1000), std::array{held(1, 1, true)}) == load);
  STATIC_REQUIRE(decide(bytes(0), std::array{held(1, 1, true)}, 1'000'000) == load);
}

TEST_CASE("under pressure the least recently used idle model leaves first") {
  STATIC_REQUIRE(decide(bytes(400), std::array{held(1, 5, true), held(2, 3, true), held(3, 1, false)}) == evict(2));
}

TEST_CASE("without an idle model the budget may be filled, but not passed") {
  STATIC_REQUIRE(decide(bytes(400), std::array{held(1, 5, false), held(2, 3, false), held(3, 1, false)}) == load);
  STATIC_REQUIRE(decide(bytes(399), std::array{held(1, 5, false), held(2, 3, false), held(3, 1, false)}) == refuse);
}

TEST_CASE("a model beyond the whole budget is refused at once; one beyond the threshold alone is not") {
  STATIC_REQUIRE(decide(bytes(400), std::array{held(1, 5, true)}, 401) == refuse);
  STATIC_REQUIRE(decide(bytes(400), std::array<LoadedModel, 0>{}, 400) == load);
}

TEST_CASE("the number of models is limited too") {
  constexpr MemorySettings two{.models_per_connection = 2}, any{.models_per_connection = 0};
  STATIC_REQUIRE(decide(two, std::array{held(1, 5, true)}) == load);
  STATIC_REQUIRE(decide(two, std::array{held(1, 5, true), held(2, 4, true)}) == evict(2));
  STATIC_REQUIRE(decide(two, std::array{held(1, 5, false), held(2, 4, false)}) == refuse);
  STATIC_REQUIRE(decide(any, std::array{held(1, 5, false), held(2, 4, false)}) == load);
}

TEST_CASE("the bytes of all tabs together are limited too") {
  constexpr MemorySettings pool{.bytes_for_pool = 1000};
  STATIC_REQUIRE(decide(pool, std::array{held(1, 5, true)}, 100, 600) == load);
  STATIC_REQUIRE(decide(pool, std::array{held(1, 5, true), held(2, 4, true)}, 100, 600) == evict(2));
  STATIC_REQUIRE(decide(pool, std::array{held(1, 5, false)}, 100, 800) == load);
  STATIC_REQUIRE(decide(pool, std::array{held(1, 5, false)}, 100, 801) == refuse);
}

TEST_CASE("a threshold that is no share counts as 1") {
  for (const double threshold : {-1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    const MemorySettings settings{.bytes_per_connection = 400, .pressure_threshold = threshold};
    CHECK(decide(settings, std::array{held(1, 5, true), held(2, 3, true), held(3, 1, false)}) == load);
    CHECK(decide(settings, std::array{held(1, 5, true), held(2, 3, true), held(3, 1, false)}, 101) == evict(2));
  }
}
