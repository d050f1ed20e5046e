// A memory policy whose member has another name is refused where it is named, and the message shows the requirement.
// EXPECT: MemoryPolicy
// EXPECT: m\.make_room\(v\)
#include <webpool/engine/policy_set.hpp>
#include <webpool/policies/scaling/fixed.hpp>
#include <webpool/policies/scheduling/fifo.hpp>
#include <webpool/policies/selector/first_fit.hpp>

struct Mine {
#ifdef EXPECT_FAILURE
  webpool::MemoryDecision decide(const webpool::MemoryView&) noexcept { return {}; }
#else
  webpool::MemoryDecision make_room(const webpool::MemoryView&) noexcept { return {}; }
#endif
};

webpool::engine::PolicySet<webpool::selector::FirstFit, webpool::scaling::Fixed, Mine, webpool::scheduling::Fifo>
    policies;
