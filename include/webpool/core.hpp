#pragma once

// The part of webpool that needs nothing but the standard library: vocabulary, concepts, policies and the engine.

#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/concepts/memory_policy.hpp>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/concepts/scaling_policy.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/datatype.hpp>
#include <webpool/engine/actions.hpp>
#include <webpool/engine/engine.hpp>
#include <webpool/engine/model_spec.hpp>
#include <webpool/engine/slot_map.hpp>
#include <webpool/error.hpp>
#include <webpool/expected.hpp>
#include <webpool/fwd.hpp>
#include <webpool/ids.hpp>
#include <webpool/metrics.hpp>
#include <webpool/model_info.hpp>
#include <webpool/options.hpp>
#include <webpool/outputs.hpp>
#include <webpool/policies/memory/lru_budget.hpp>
#include <webpool/policies/memory/unlimited.hpp>
#include <webpool/policies/scaling/fixed.hpp>
#include <webpool/policies/scaling/utilization.hpp>
#include <webpool/policies/scheduling/fifo.hpp>
#include <webpool/policies/scheduling/priority.hpp>
#include <webpool/policies/selector/first_fit.hpp>
#include <webpool/policies/selector/least_loaded.hpp>
#include <webpool/request.hpp>
#include <webpool/shape.hpp>
#include <webpool/task.hpp>
#include <webpool/tensor.hpp>
