#pragma once

#include <webpool/concepts/memory_policy.hpp>

namespace webpool::memory {

/// The null object: every model may be loaded everywhere, and nothing is ever evicted. Use it if all models together
/// fit into each tab. WebGPU won't refuse an allocation that doesn't fit; the machine just slows to a crawl.
class Unlimited {
 public:
  constexpr MemoryDecision make_room(const MemoryView&) noexcept { return {}; }
};

static_assert(MemoryPolicy<Unlimited>);

}  // namespace webpool::memory
