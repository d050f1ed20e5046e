#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>
#include <webpool/engine/engine.hpp>

#include "lane_world.hpp"
#include "policy_sets.hpp"

namespace decision {

/// The whole engine, with the policies that a pool has by default: an answer comes in, its request completes, the next
/// one is sent, and a new one is submitted.
class EngineWorld {
 public:
  EngineWorld(std::size_t tabs, std::size_t queued) : engine_(options(tabs), make_default_policies()) {
    model_ = engine_.add_model({.name = "digits", .replicas = tabs}, {now_, out_});
    for (std::size_t i = 0; i < tabs; ++i) {
      BrowserInfo browser;
      browser.browser = i % 2 == 0 ? Browser::chromium : Browser::firefox;
      engine_.joined(std::move(browser), std::nullopt, {now_, out_});
    }
    const engine::Actions joined = std::exchange(out_, {});
    for (const engine::Action& each : joined)
      if (const auto* open = std::get_if<engine::OpenWorker>(&each))
        engine_.loaded(open->worker, Backend::webgpu, 0, {now_, out_});
    for (std::size_t i = 0; i < queued + 2 * tabs; ++i) submit();
  }

  void step() {
    now_ += std::chrono::microseconds(1);
    if (first_ < running_.size()) {
      const engine::Run done = running_[first_++];
      engine_.finished({done.worker, done.request, nullptr}, {now_, out_});
    }
    if (first_ > 4096 && 2 * first_ > running_.size()) {
      running_.erase(running_.begin(), running_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
    submit();
  }

 private:
  static PoolOptions options(std::size_t tabs) {
    PoolOptions all;
    all.min_connections = 0;
    all.max_connections = tabs;
    all.launch_browsers = false;
    return all;
  }

  void submit() {
    Request each = request(submitted_++);
    each.model = model_;
    each.deadline = end_of_time;
    engine_.submit(each, {now_, out_});
    for (const engine::Action& action : out_)
      if (const auto* run = std::get_if<engine::Run>(&action)) running_.push_back(*run);
    out_.clear();
  }

  engine::Engine engine_;
  engine::Actions out_;
  TimePoint now_{std::chrono::seconds(1000)};
  ModelIndex model_{};
  std::uint64_t submitted_ = 0;
  std::vector<engine::Run> running_;
  std::size_t first_ = 0;
};

}  // namespace decision
