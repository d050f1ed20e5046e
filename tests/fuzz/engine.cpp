// A libFuzzer target: the bytes are the draws that decide what happens to an engine, whose invariants World checks.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <webpool/policies/scaling/utilization.hpp>
#include <webpool/policies/scheduling/priority.hpp>
#include <webpool/policies/selector/breaker.hpp>
#include <webpool/policies/selector/chain.hpp>
#include <webpool/policies/selector/healthy.hpp>
#include <webpool/policies/selector/learned.hpp>

#define REQUIRE(condition) \
  ((condition) ? void() : (std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), std::abort()))
#define REQUIRE_FALSE(condition) REQUIRE(!(condition))
#include "../engine/world.hpp"

namespace {

/// Two bytes per draw, and zeros when they are used up.
struct Bytes {
  std::uint64_t operator()() {
    if (left.size() < 2) return 0;
    const std::uint64_t value = left[0] + 256u * left[1];
    left = left.subspan(2);
    return value;
  }
  std::span<const std::uint8_t> left;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace webpool;
  using Engine = rig::Rig<selector::Chain<selector::Healthy, selector::Breaker, selector::Learned>,
                          scaling::Utilization, memory::LruBudget, scheduling::Priority>;
  Bytes bytes{{data, size}};
  PoolOptions options = rig::any_options(bytes);
  const int events = static_cast<int>(size / 6);
  rig::World<Engine, Bytes>(std::move(options), bytes).live(events, false);
  return 0;
}
