#pragma once

// A pool's interface, for every file that uses one. In the header-only mode one file of a program, which makes the pool
// or has `template class webpool::ResourcePool<...>;`, includes webpool.hpp instead. With WEBPOOL_COMPILED any file may
// make pools: what stands behind them is compiled once, in the library or in the file that includes src.hpp.

#include <webpool/fwd.hpp>
#include <webpool/options.hpp>
#include <webpool/pool.hpp>

namespace webpool {

/// A `Pool` whose every decision is one of four policies, chosen at compile time.
template <BrowserSelector Selector, ScalingPolicy Scaling, MemoryPolicy Memory, Scheduler Queue>
class ResourcePool : public Pool {
 public:
  /// Listens and starts `min_connections` browsers; does not wait for them. Throws `Error`: `errc::no_browser_found`,
  /// `errc::runtime_missing`, `errc::address_in_use`, `errc::invalid_options`.
  explicit ResourcePool(PoolOptions options = {}, Selector selector = Selector(), Scaling scaling = Scaling(),
                        Memory memory = Memory(), Queue queue = Queue());
};

}  // namespace webpool

#ifdef WEBPOOL_COMPILED
#include <webpool/impl/resource_pool.hpp>
#endif
