#pragma once

// The core, the engine that asks its policies, and simulated tabs to try them with. Standard library only.

#include <webpool/core.hpp>
#include <webpool/engine/actions.hpp>
#include <webpool/engine/engine.hpp>
#include <webpool/engine/model_spec.hpp>
#include <webpool/engine/slot_map.hpp>
#include <webpool/testing/arrivals.hpp>
#include <webpool/testing/distribution.hpp>
#include <webpool/testing/event_queue.hpp>
#include <webpool/testing/events.hpp>
#include <webpool/testing/ledger.hpp>
#include <webpool/testing/random.hpp>
#include <webpool/testing/request_record.hpp>
#include <webpool/testing/result.hpp>
#include <webpool/testing/simulated_tabs.hpp>
#include <webpool/testing/simulation.hpp>
#include <webpool/testing/statistics.hpp>
#include <webpool/testing/tab_kind.hpp>
#include <webpool/testing/tab_kinds.hpp>
#include <webpool/testing/usage.hpp>
