#include <webpool/engine/policy_set.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {
struct Plain {
  MemoryDecision make_room(const MemoryView&) noexcept { return {MemoryDecision::Kind::refuse}; }
};
struct Hearing : scheduling::Fifo {
  Admission admit(const Request&, const LaneLoad&) noexcept { return Admission::too_late; }
  void ended(const Request&) noexcept {}
};
struct Watching : scaling::Fixed {
  void observe(const Outcome&) noexcept {}
};
using Silent = PolicySet<selector::FirstFit, scaling::Fixed, Plain, scheduling::Fifo>;
}  // namespace

TEST_CASE("hooks say what the policies have beyond their concepts") {
  const Silent silent;
  CHECK_FALSE(silent.hooks.observes);
  CHECK_FALSE(silent.hooks.admits);
  CHECK_FALSE(silent.hooks.hears_ends);
  const PolicySet<selector::FirstFit, Watching, Plain, Hearing> all;
  CHECK(all.hooks.observes);
  CHECK(all.hooks.admits);
  CHECK(all.hooks.hears_ends);
}

TEST_CASE("each question reaches the policy that answers it") {
  Silent set;
  CHECK(set.desired({.min_connections = 3}) == 3);
  const PoolOptions options;
  CHECK(set.make_room({options.memory, {}, 0, 0, 0, TimePoint(), false}).kind == MemoryDecision::Kind::refuse);
  const std::vector<ConnectionState> tabs(2);
  const std::vector<ConnectionIndex> candidates{{1}, {0}};
  CHECK(set.select(PoolView(tabs, candidates, 2), {}) == candidates[0]);
  Request request{.id = RequestId{5}, .model = {}};
  set.push(request);
  CHECK(set.waiting({}) == 1);
  CHECK(set.line({}).front == request.id);
  CHECK(set.line({}).waiting == 1);
  set.erase(request);
  CHECK(set.line({}).front == RequestId{});
}

TEST_CASE("a scheduler without admission lets everything in, one with it decides") {
  Silent silent;
  CHECK(silent.admit({}, {}) == Admission::accept);
  PolicySet<selector::FirstFit, scaling::Fixed, Plain, Hearing> choosy;
  CHECK(choosy.admit({}, {}) == Admission::too_late);
}
