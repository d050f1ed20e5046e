// A pool and a tab in another process that answers each run with its input, for tools that count what a request costs:
//   request_cost host FOLDER BYTES REQUESTS   prints the pool's link, runs one request after the other, and prints what
//                                             the counters have counted, where they are loaded
//   request_cost tab LINK                     joins, and stays until the pool closes

#include <dlfcn.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <webpool/webpool.hpp>

#include "../../support/onnx_file.hpp"
#include "../../support/raw_tab.hpp"
#include "counters.hpp"

namespace {

using namespace webpool;
using namespace webpool::testing;

constexpr std::size_t warm_up = 200;

int host(const std::filesystem::path& folder, std::size_t bytes, std::size_t requests) {
  const auto path = folder / "echo.onnx";
  std::ofstream(path, std::ios::binary) << onnx_file({{"x", {{"n"}}}}, {{"y", {{"n"}}}});
  PoolOptions options{.min_connections = 0, .launch_browsers = false, .log = [](auto, std::string_view) {}};
  options.connection.health_interval = 0ms;  // pings come with time, not with requests
  ResourcePool<> pool(options);
  std::cout << pool.join_url() << std::endl;
  const Model echo = pool.load(path);

  const std::vector<float> values(bytes / sizeof(float), 0.5f);
  const Tensor tensor = Tensor::borrow<float>(values, {static_cast<std::int64_t>(values.size())}, nullptr);
  const auto run = [&] { return echo({{"x", tensor}}); };
  for (std::size_t i = 0; i < warm_up; ++i)
    if (!std::ranges::equal(run()["y"].as<float>(), values)) throw std::runtime_error("another answer than the input");

  const auto read = reinterpret_cast<request_cost::Counts (*)()>(::dlsym(RTLD_DEFAULT, "request_cost_counts"));
  CALLGRIND_START_INSTRUMENTATION;
  const request_cost::Counts before = read ? read() : request_cost::Counts{};
  for (std::size_t i = 0; i < requests; ++i) {
    ::getppid();  // where a request begins, for who sees system calls
    run();
  }
  CALLGRIND_STOP_INSTRUMENTATION;
  if (!read) return 0;
  const request_cost::Counts after = read();
  std::cout << after.allocations - before.allocations << ' ' << after.copied_bytes - before.copied_bytes << std::endl;
  return 0;
}

int tab(const std::string& link) {
  const ServingTab serving(link, [](RawWorker& worker, const Received& run) {
    std::vector<float> values(run.tensors.size() / sizeof(float));
    std::memcpy(values.data(), run.tensors.data(), run.tensors.size());
    worker.result(run.integer("id"), values, "[" + std::to_string(values.size()) + "]", "y");
  });
  while (!serving.dismissed()) std::this_thread::sleep_for(10ms);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 4 && arguments[0] == "host")
    return host(arguments[1], std::stoul(arguments[2]), std::stoul(arguments[3]));
  if (arguments.size() == 2 && arguments[0] == "tab") return tab(arguments[1]);
  std::cerr << "usage: request_cost host FOLDER BYTES REQUESTS | tab LINK\n";
  return 2;
} catch (const std::exception& error) {
  return std::cerr << "request_cost: " << error.what() << '\n', 2;
}
