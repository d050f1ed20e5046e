// Asio completion tokens: coroutines, priorities and deadlines.
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>
#include <iostream>
#include <webpool/webpool.hpp>

using namespace std::chrono_literals;

asio::awaitable<void> classify(webpool::Model digits) {
  const webpool::Inputs blank{{"image", webpool::Tensor::from(std::vector<float>(28 * 28), {1, 1, 28, 28})}};
  for (int i = 0; i < 3; ++i) {
    auto outputs = co_await digits.async_run(blank, {.priority = 1, .deadline = 10s}, asio::use_awaitable);
    std::cout << "answer " << i << " after " << outputs.times().total << " ms from " << outputs.where() << '\n';
  }
  try {
    co_await digits.async_run(blank, {.deadline = 0ms}, asio::use_awaitable);
  } catch (const webpool::Error& error) {
    std::cout << "as expected: " << error.what() << '\n';
  }
}

int main(int argc, char** argv) {
  webpool::ResourcePool<> pool;
  auto digits = pool.load(argc > 1 ? argv[1] : "examples/models/digits/digits.onnx");
  asio::io_context context;
  asio::co_spawn(context, classify(digits), [](std::exception_ptr failed) {
    if (failed) std::rethrow_exception(failed);
  });
  context.run();
}
