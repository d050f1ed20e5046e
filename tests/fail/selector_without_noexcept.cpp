// A selector whose `select` may throw is refused where it is named, and the message shows the requirement.
// EXPECT: BrowserSelector
// EXPECT: s\.select\(p, r\)
// EXPECT: noexcept
#include <webpool/engine/policy_set.hpp>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/scaling/fixed.hpp>
#include <webpool/policies/scheduling/fifo.hpp>

struct Mine {
#ifdef EXPECT_FAILURE
  std::optional<webpool::ConnectionIndex> select(webpool::PoolView pool, const webpool::Request&){
#else
  std::optional<webpool::ConnectionIndex> select(webpool::PoolView pool, const webpool::Request&) noexcept {
#endif
      return pool.candidates().back();
}
}
;

webpool::engine::PolicySet<Mine, webpool::scaling::Fixed, webpool::memory::Unlimited, webpool::scheduling::Fifo>
    policies;
