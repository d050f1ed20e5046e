// A host for the test to kill: host_under_load MODEL
// keeps a pool of two browsers busy, and prints a line when it is.

#include <iostream>
#include <webpool/core.hpp>
#include <webpool/resource_pool.hpp>

#include "../support/checked_load.hpp"

int main(int count, char** arguments) {
  if (count < 2) return 2;
  using namespace webpool;
  ResourcePool<selector::LeastLoaded, scaling::Fixed> pool({.min_connections = 2,
                                                            .max_connections = 2,
                                                            .browsers = {Browser::chromium, Browser::firefox},
                                                            .connection = {.connect_timeout = std::chrono::minutes(1)},
                                                            .log = [](LogLevel, std::string_view) {}});
  const Model model = pool.load(arguments[1], {.backends = {Backend::wasm}, .replicas = 2});
  const Inputs zeros{{"image", Tensor::from(std::vector<float>(28 * 28), {1, 1, 28, 28})}};
  const support::Question question{zeros, support::values(model(zeros), "probabilities")};
  support::CheckedLoad load(model, {question}, {.requests = 10'000'000, .callers = 8});
  while (load.submitted() < 200) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::cout << pool.metrics().connections << " browsers are busy" << std::endl;
  load.finish(std::chrono::minutes(2));
}
