#include <webpool/policies/memory/unlimited.hpp>

#include "../../catch.hpp"

using namespace webpool;

TEST_CASE("Unlimited loads everything") {
  constexpr MemoryDecision load{};
  static const MemorySettings tight{.bytes_per_connection = 1, .models_per_connection = 1};
  STATIC_REQUIRE(memory::Unlimited().make_room(MemoryView{tight, {}, 100, 100, 100, {}}) == load);
}
