#pragma once

#include <utility>
#include <webpool/engine/policy_set.hpp>
#include <webpool/impl/make_pool.hpp>
#include <webpool/resource_pool.hpp>

namespace webpool {

template <BrowserSelector Selector, ScalingPolicy Scaling, MemoryPolicy Memory, Scheduler Queue>
ResourcePool<Selector, Scaling, Memory, Queue>::ResourcePool(PoolOptions options, Selector selector, Scaling scaling,
                                                             Memory memory, Queue queue)
    : Pool(impl::make_pool(std::move(options), engine::make_policy_set(std::move(selector), std::move(scaling),
                                                                       std::move(memory), std::move(queue)))) {}

}  // namespace webpool
