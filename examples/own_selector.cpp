// A policy of your own: a plain struct that says which tab runs a request.
#include <algorithm>
#include <iostream>
#include <webpool/webpool.hpp>

/// Prefers the browser that offers the most cores.
struct MostCores {
  std::optional<webpool::ConnectionIndex> select(const webpool::PoolView& pool, const webpool::Request&) noexcept {
    return std::ranges::max(pool.candidates(), {}, [&](auto tab) { return pool[tab].browser.hardware_concurrency; });
  }
};
static_assert(webpool::BrowserSelector<MostCores>);

using MyPool =
    webpool::ResourcePool<MostCores, webpool::scaling::Fixed, webpool::memory::LruBudget, webpool::scheduling::Fifo>;

int main(int argc, char** argv) {
  MyPool pool({.min_connections = 2, .max_connections = 2});
  auto digits = pool.load(argc > 1 ? argv[1] : "examples/models/digits/digits.onnx", {.replicas = 2});
  const auto blank = webpool::Tensor::from(std::vector<float>(28 * 28), {1, 1, 28, 28});
  for (int i = 0; i < 4; ++i) std::cout << "request " << i << " ran on " << digits({{"image", blank}}).where() << '\n';
}
