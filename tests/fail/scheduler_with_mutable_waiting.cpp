// A scheduler whose `waiting` is not const is refused where it is named, and the message shows the requirement.
// EXPECT: Scheduler
// EXPECT: c\.waiting\(m\)
#include <webpool/engine/policy_set.hpp>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/scaling/fixed.hpp>
#include <webpool/policies/selector/first_fit.hpp>

struct Mine {
  void push(const webpool::Request&) noexcept {}
  std::optional<webpool::RequestId> front(webpool::ModelIndex) noexcept { return std::nullopt; }
  void erase(const webpool::Request&) noexcept {}
#ifdef EXPECT_FAILURE
  std::size_t waiting(webpool::ModelIndex) noexcept { return 0; }
#else
  std::size_t waiting(webpool::ModelIndex) const noexcept { return 0; }
#endif
};

webpool::engine::PolicySet<webpool::selector::FirstFit, webpool::scaling::Fixed, webpool::memory::Unlimited, Mine>
    policies;
