#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "lane_world.hpp"
#include "policy_sets.hpp"

namespace decision {

/// A policy set behind the engine's boundary, in the place of a selector or scheduler.
template <std::unique_ptr<engine::Decisions> (*make)()>
class Erased {
 public:
  std::optional<ConnectionIndex> select(const PoolView& pool, const Request& request) noexcept {
    return policies_->select(pool, request);
  }
  void push(const Request& request) noexcept { policies_->push(request); }
  engine::Decisions::Line line(ModelIndex model) noexcept { return policies_->line(model); }
  void erase(const Request& request) noexcept { policies_->erase(request); }
  void ended(const Request& request) noexcept {
    if (policies_->hooks.hears_ends) policies_->ended(request);
  }
  void observe(const Outcome& outcome) noexcept {
    if (policies_->hooks.observes) policies_->observe(outcome);
  }

 private:
  std::unique_ptr<engine::Decisions> policies_ = make();
};

template <std::unique_ptr<engine::Decisions> (*make)()>
using ErasedWorld = LaneWorld<Erased<make>, Erased<make>>;

}  // namespace decision
