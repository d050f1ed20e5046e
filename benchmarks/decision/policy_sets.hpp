#pragma once

#include <memory>
#include <webpool/engine/decisions.hpp>

namespace decision {

// Defined in a file of their own, so that the compiler can't see through `engine::Decisions`, as it can't in a pool.

/// Of the policies that a pool has by default.
std::unique_ptr<webpool::engine::Decisions> make_default_policies();

/// Learned selects, FairShare schedules.
std::unique_ptr<webpool::engine::Decisions> make_learning_policies();

}  // namespace decision
