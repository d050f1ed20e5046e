// A pool without browsers of its own: every tab that opens the link becomes a worker.
#include <future>
#include <iostream>
#include <webpool/webpool.hpp>

int main(int argc, char** argv) {
  webpool::ResourcePool<> pool({.min_connections = 0, .launch_browsers = false});
  std::promise<void> joined;
  pool.on_join([&, first = true](const webpool::BrowserInfo& browser) mutable {
    std::cout << browser << " joined" << std::endl;
    if (std::exchange(first, false)) joined.set_value();
  });
  std::cout << "open " << pool.join_url() << " in any browser" << std::endl;
  if (joined.get_future().wait_for(std::chrono::minutes(2)) != std::future_status::ready)
    return std::cout << "no tab joined\n", 1;

  auto digits = pool.load(argc > 1 ? argv[1] : "examples/models/digits/digits.onnx");
  auto outputs = digits({{"image", webpool::Tensor::from(std::vector<float>(28 * 28), {1, 1, 28, 28})}});
  std::cout << outputs["probabilities"].shape() << " from " << outputs.where() << '\n';
}
