// A scaling policy that answers with an int is refused where it is named, and the message shows the requirement.
// EXPECT: ScalingPolicy
// EXPECT: s\.desired\(l\)|same_as<int, std::size_t>
// EXPECT: same_as|return-type-requirement
#include <webpool/engine/policy_set.hpp>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/scheduling/fifo.hpp>
#include <webpool/policies/selector/first_fit.hpp>

struct Mine {
#ifdef EXPECT_FAILURE
  int desired(const webpool::PoolLoad&) noexcept { return 2; }
#else
  std::size_t desired(const webpool::PoolLoad&) noexcept { return 2; }
#endif
};

webpool::engine::PolicySet<webpool::selector::FirstFit, Mine, webpool::memory::Unlimited, webpool::scheduling::Fifo>
    policies;
