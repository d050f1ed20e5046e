// What a decision costs: the scheduler says which request is next, and the selector which tab runs it, per policy,
// number of tabs and of requests that wait; the scaling policy says how many tabs there should be, and the memory
// policy which of a tab's models leaves. With a count of allocations, which should be 0. `by hand` is the same as the
// template without policies, interleaved with it. `erased` asks the policies through `engine::Decisions`, as a pool
// does; the others call them directly.

#include <benchmark/benchmark.h>

#include <chrono>
#include <concepts>
#include <utility>
#include <vector>
#include <webpool/testing.hpp>

#include "../tests/support/counting_new.hpp"
#include "decision/by_hand.hpp"
#include "decision/engine_world.hpp"
#include "decision/erased.hpp"
#include "decision/lane_world.hpp"
#include "decision/memory_world.hpp"
#include "decision/scaling_world.hpp"

namespace {

using namespace webpool;
using testing::allocations;

constexpr int warm_up = 150'000;

template <class World>
World world_of(const benchmark::State& state) {
  const auto first = static_cast<std::size_t>(state.range(0));
  if constexpr (std::constructible_from<World, std::size_t>) {
    return World(first);
  } else {
    return World(first, static_cast<std::size_t>(state.range(1)));
  }
}

/// One decision. Eight at a time, for reading the clock takes as long as one.
template <class World>
void decide(benchmark::State& state) {
  constexpr int batch = 8;
  World world = world_of<World>(state);
  for (int i = 0; i < warm_up; ++i) world.step();
  std::size_t made = 0;
  for (auto _ : state) {
    world.prepare(batch);
    const std::size_t before = allocations;
    const auto began = std::chrono::steady_clock::now();
    world.decide(batch);
    const auto took = std::chrono::steady_clock::now() - began;
    made += allocations - before;
    state.SetIterationTime(std::chrono::duration<double>(took).count() / batch);
  }
  state.counters["allocations"] = benchmark::Counter(static_cast<double>(made), benchmark::Counter::kAvgIterations);
}

/// A request's whole way: submitted, decided on, answered, completed. Allocations are counted after it, because Google
/// Benchmark makes some of its own.
template <class World>
void serve(benchmark::State& state) {
  World world = world_of<World>(state);
  for (int i = 0; i < warm_up; ++i) world.step();
  for (auto _ : state) world.step();
  constexpr int counted = 20'000;
  const std::size_t before = allocations;
  for (int i = 0; i < counted; ++i) world.step();
  state.counters["allocations"] = static_cast<double>(allocations - before) / counted;
}

template <class Selector>
using Selecting = decision::LaneWorld<Selector, scheduling::Fifo>;
template <class Queue>
using Scheduling = decision::LaneWorld<selector::FirstFit, Queue>;
using Default = decision::LaneWorld<selector::PowerOfTwo, scheduling::Priority>;
using DefaultErased = decision::ErasedWorld<decision::make_default_policies>;
using Learning = decision::LaneWorld<selector::Learned, scheduling::FairShare>;
using LearningErased = decision::ErasedWorld<decision::make_learning_policies>;

void sizes(benchmark::internal::Benchmark* each) {
  each->ArgNames({"tabs", "waiting"});
  for (int tabs : {8, 1'000, 10'000}) each->Args({tabs, 100'000});
}
void decisions(benchmark::internal::Benchmark* each) {
  sizes(each);
  each->UseManualTime()->Iterations(20'000);
}
void one_size(benchmark::internal::Benchmark* each) {
  each->ArgNames({"tabs", "waiting"})->Args({8, 100'000})->UseManualTime()->Iterations(20'000);
}
void models(benchmark::internal::Benchmark* each) {
  each->ArgName("models")->Arg(8)->Arg(64)->UseManualTime()->Iterations(20'000);
}
void growth(benchmark::internal::Benchmark* each) {
  each->ArgNames({"tabs", "waiting"});
  for (int tabs : {8, 10, 100, 1'000, 10'000, 100'000}) each->Args({tabs, 100'000});
  each->UseManualTime()->Iterations(20'000);
}

BENCHMARK(decide<Default>)->Name("default policies")->Apply(growth);
BENCHMARK(decide<DefaultErased>)->Name("default policies, erased")->Apply(decisions);
BENCHMARK(decide<Learning>)->Name("Learned and FairShare")->Apply(decisions);
BENCHMARK(decide<LearningErased>)->Name("Learned and FairShare, erased")->Apply(decisions);
BENCHMARK(serve<decision::EngineWorld>)->Name("whole engine, default policies")->Apply(sizes);

BENCHMARK(decide<Selecting<selector::FirstFit>>)->Name("selector FirstFit")->Apply(decisions);
BENCHMARK(decide<Selecting<selector::RoundRobin>>)->Name("selector RoundRobin")->Apply(decisions);
BENCHMARK(decide<Selecting<selector::PowerOfTwo>>)->Name("selector PowerOfTwo")->Apply(decisions);
BENCHMARK(decide<Selecting<selector::LeastLoaded>>)->Name("selector LeastLoaded")->Apply(decisions);
BENCHMARK(decide<Selecting<selector::Preference>>)->Name("selector Preference")->Apply(decisions);
BENCHMARK(decide<Selecting<selector::Capability>>)->Name("selector Capability")->Apply(decisions);
BENCHMARK(decide<Selecting<selector::Learned>>)->Name("selector Learned")->Apply(decisions);
BENCHMARK(decide<Selecting<selector::Chain<selector::Healthy, selector::Affinity, selector::Learned>>>)
    ->Name("selector Chain<Healthy, Affinity, Learned>")
    ->Apply(decisions);

BENCHMARK(decide<Scheduling<scheduling::Fifo>>)->Name("scheduling Fifo")->Apply(decisions);
BENCHMARK(decide<Scheduling<scheduling::Priority>>)->Name("scheduling Priority")->Apply(decisions);
BENCHMARK(decide<Scheduling<scheduling::Aged>>)->Name("scheduling Aged")->Apply(decisions);
BENCHMARK(decide<Scheduling<scheduling::Deadline>>)->Name("scheduling Deadline")->Apply(decisions);
BENCHMARK(decide<Scheduling<scheduling::FairShare>>)->Name("scheduling FairShare")->Apply(decisions);
BENCHMARK(decide<Scheduling<scheduling::Limited<>>>)->Name("scheduling Limited<>")->Apply(decisions);
BENCHMARK(decide<Scheduling<scheduling::MemoryAware<>>>)->Name("scheduling MemoryAware<>")->Apply(decisions);

BENCHMARK(decide<decision::ScalingWorld<scaling::Fixed>>)->Name("scaling Fixed")->Apply(one_size);
BENCHMARK(decide<decision::ScalingWorld<scaling::Utilization>>)->Name("scaling Utilization")->Apply(one_size);
BENCHMARK(decide<decision::ScalingWorld<scaling::TargetWait>>)->Name("scaling TargetWait")->Apply(one_size);
BENCHMARK(decide<decision::ScalingWorld<scaling::Predictive>>)->Name("scaling Predictive")->Apply(one_size);
BENCHMARK(decide<decision::ScalingWorld<scaling::MemoryLimited<>>>)->Name("scaling MemoryLimited<>")->Apply(one_size);
BENCHMARK(decide<decision::ScalingWorld<scaling::WarmSpare<>>>)->Name("scaling WarmSpare<>")->Apply(one_size);

BENCHMARK(decide<decision::MemoryWorld<memory::Unlimited>>)->Name("memory Unlimited")->Apply(models);
BENCHMARK(decide<decision::MemoryWorld<memory::LruBudget>>)->Name("memory LruBudget")->Apply(models);
BENCHMARK(decide<decision::MemoryWorld<memory::CostAware>>)->Name("memory CostAware")->Apply(models);
BENCHMARK(decide<decision::MemoryWorld<memory::Watermarks>>)->Name("memory Watermarks")->Apply(models);

/// Turns of 5,000 decisions each; the time is the template's, `ratio` its share of the time by hand.
void against_hand(benchmark::State& state) {
  const auto tabs = static_cast<std::size_t>(state.range(0)), queued = static_cast<std::size_t>(state.range(1));
  Default composed(tabs, queued);
  decision::ByHand by_hand(tabs, queued);
  const auto time = [](auto& world) {
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 5'000; ++i) world.step();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  for (int i = 0; i < warm_up / 5'000; ++i) {
    time(composed);
    time(by_hand);
  }
  std::vector<double> ratios;
  for (auto _ : state) {
    const double mine = time(composed), its = time(by_hand);
    ratios.push_back(mine / its);
    state.SetIterationTime(mine / 5'000);
  }
  state.counters["ratio"] = testing::quantile(std::move(ratios), 0.5);
}
BENCHMARK(against_hand)->Name("template against by hand")->Apply(sizes)->UseManualTime()->Iterations(400);

}  // namespace
