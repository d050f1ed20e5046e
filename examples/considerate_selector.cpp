// A policy that looks at what tabs report about their devices: requests avoid batteries and hidden tabs.
#include <iostream>
#include <webpool/webpool.hpp>

#include "support/considerate.hpp"

using MyPool =
    webpool::ResourcePool<Considerate, webpool::scaling::Fixed, webpool::memory::LruBudget, webpool::scheduling::Fifo>;

template <class T>
void print(const char* name, const std::optional<T>& told) {
  std::cout << ", " << name << ' ';
  told ? std::cout << *told : std::cout << "unknown";
}

int main(int argc, char** argv) {
  MyPool pool({.min_connections = 2, .max_connections = 2});
  auto digits = pool.load(argc > 1 ? argv[1] : "examples/models/digits/digits.onnx", {.replicas = 2});
  const auto blank = webpool::Tensor::from(std::vector<float>(28 * 28), {1, 1, 28, 28});
  for (int i = 0; i < 4; ++i) std::cout << "request " << i << " ran on " << digits({{"image", blank}}).where() << '\n';

  std::cout << std::boolalpha;
  for (const webpool::ConnectionInfo& tab : pool.connections()) {
    std::cout << tab.browser << ": visible " << tab.hints.visible;
    print("charging", tab.hints.charging);
    print("battery", tab.hints.battery);
    print("pressure", tab.hints.pressure);
    print("saves data", tab.hints.save_data);
    std::cout << '\n';
  }
}
