#include "policy_sets.hpp"

#include <webpool/core.hpp>
#include <webpool/engine/policy_set.hpp>

namespace decision {

using namespace webpool;

std::unique_ptr<engine::Decisions> make_default_policies() {
  return engine::make_policy_set<selector::PowerOfTwo, scaling::Utilization, memory::LruBudget, scheduling::Priority>();
}

std::unique_ptr<engine::Decisions> make_learning_policies() {
  return engine::make_policy_set<selector::Learned, scaling::Fixed, memory::LruBudget, scheduling::FairShare>();
}

}  // namespace decision
