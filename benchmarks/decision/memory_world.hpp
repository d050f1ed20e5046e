#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>
#include <webpool/concepts/memory_policy.hpp>

namespace decision {

using namespace webpool;

/// A tab whose memory is full of idle models, one of which has to leave for a further one.
template <MemoryPolicy Memory>
class MemoryWorld {
 public:
  explicit MemoryWorld(std::size_t models) {
    settings_.bytes_per_connection = models * model_bytes;
    settings_.models_per_connection = 0;
    for (std::uint32_t i = 0; i < models; ++i)
      models_.push_back({.model = {i},
                         .bytes = model_bytes,
                         .last_used = now_,
                         .idle = true,
                         .loaded = now_,
                         .uses = i % 7,
                         .load_time = std::chrono::milliseconds(100 + i % 5)});
  }

  void step() {
    prepare(1);
    decide(1);
  }
  void prepare(int uses) {
    for (int i = 0; i < uses; ++i) {
      now_ += std::chrono::milliseconds(10);
      LoadedModel& used = models_[++used_ * 7 % models_.size()];
      used.last_used = now_;
      ++used.uses;
    }
  }
  void decide(int times) {
    const std::size_t full = settings_.bytes_per_connection;
    for (int i = 0; i < times; ++i) {
      now_ += std::chrono::milliseconds(10);
      benchmark::DoNotOptimize(memory_.make_room({.settings = settings_,
                                                  .models = models_,
                                                  .used_bytes = full,
                                                  .needed_bytes = model_bytes,
                                                  .pool_bytes = full,
                                                  .now = now_}));
    }
  }

 private:
  static constexpr std::size_t model_bytes = 100'000'000;

  Memory memory_{};
  MemorySettings settings_{};
  std::vector<LoadedModel> models_;
  TimePoint now_{std::chrono::seconds(1000)};
  std::size_t used_ = 0;
};

}  // namespace decision
