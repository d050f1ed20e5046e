#include <webpool/concepts/pool_view.hpp>

#include <array>
#include <vector>

#include "../catch.hpp"

using namespace webpool;

namespace {
constexpr std::array<ConnectionIndex, 3> tabs{{{2}, {0}, {1}}};
}

TEST_CASE("a pool view shows its candidates, the idle ones at their front") {
  constexpr PoolView view({}, tabs, 1);
  STATIC_REQUIRE(view.candidates().size() == 3);
  STATIC_REQUIRE(view.idle().size() == 1);
  STATIC_REQUIRE(view.idle().front() == ConnectionIndex{2});
}

TEST_CASE("a pool view has the state of any tab by its index") {
  std::vector<ConnectionState> states(3);
  states[2].in_flight = 7;
  const PoolView view(states, tabs, 0);
  CHECK(view[view.candidates().front()].in_flight == 7);
}

TEST_CASE("a request's view knows which tabs serve the model, and by what") {
  static constexpr std::array<Backend, 4> backends{Backend::webgpu, Backend::wasm, Backend::webnn, Backend::wasm};
  static constexpr std::array<std::uint32_t, 4> positions{1, 2, 0, Serving::nowhere};
  static constexpr std::array<std::size_t, 2> ends{1, 2};
  static constexpr Serving serving{backends, positions, ends};
  constexpr PoolView view({}, std::span(tabs).first(2), 1, serving, 5);
  STATIC_REQUIRE(view.waiting() == 5);
  STATIC_REQUIRE(view.contains({2}));
  STATIC_REQUIRE_FALSE(view.contains({1}));  // it is full
  STATIC_REQUIRE(view.serves({1}));
  STATIC_REQUIRE(view.in_flight({2}) == 0);
  STATIC_REQUIRE(view.in_flight({0}) == 1);
  STATIC_REQUIRE(view.in_flight({1}) == 2);
  STATIC_REQUIRE(view.backend({1}) == Backend::wasm);
  STATIC_REQUIRE(view.backend({2}) == Backend::webnn);
  STATIC_REQUIRE_FALSE(view.serves({3}));
  STATIC_REQUIRE_FALSE(view.backend({3}));
  STATIC_REQUIRE_FALSE(view.contains({9}));
}

TEST_CASE("a narrowed view contains what it was narrowed to, and still knows the rest") {
  static constexpr std::array<Backend, 3> backends{Backend::webgpu, Backend::wasm, Backend::webnn};
  static constexpr std::array<std::uint32_t, 3> positions{1, 2, 0};
  static constexpr std::array<ConnectionIndex, 1> one{{{0}}};
  static constexpr Serving serving{backends, positions};
  constexpr PoolView view = PoolView({}, tabs, 3, serving, 1).with(one, 0);
  STATIC_REQUIRE(view.contains({0}));
  STATIC_REQUIRE_FALSE(view.contains({2}));
  STATIC_REQUIRE(view.backend({2}) == Backend::webnn);
}

TEST_CASE("a load's view finds its candidates without positions") {
  constexpr PoolView view({}, tabs, 3);
  STATIC_REQUIRE(view.contains({1}));
  STATIC_REQUIRE_FALSE(view.contains({3}));
  STATIC_REQUIRE(view.waiting() == 0);
}
