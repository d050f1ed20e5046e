#pragma once

#include <webpool/concepts/browser_selector.hpp>
#include <webpool/concepts/memory_policy.hpp>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/memory/lru_budget.hpp>
#include <webpool/policies/scaling/utilization.hpp>
#include <webpool/policies/scheduling/priority.hpp>
#include <webpool/policies/selector/power_of_two.hpp>

namespace webpool {

/// The only place where default policies are named.
template <BrowserSelector = selector::PowerOfTwo, ScalingPolicy = scaling::Utilization,
          MemoryPolicy = memory::LruBudget, Scheduler = scheduling::Priority>
class ResourcePool;

class Model;

}  // namespace webpool
