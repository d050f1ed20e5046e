#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <semaphore>
#include <thread>
#include <webpool/async.hpp>
#include <webpool/core.hpp>
#include <webpool/resource_pool.hpp>
#include <webpool/testing/statistics.hpp>

#include "../../examples/demo/reference.hpp"
#include "../../tests/support/onnx_file.hpp"
#include "../process.hpp"
#include "compare.hpp"

namespace compare {

namespace {

using namespace std::chrono_literals;
using comparison::cpu_us;
using webpool::testing::quantile;
using Clock = std::chrono::steady_clock;
using Pool = webpool::ResourcePool<webpool::selector::LeastLoaded, webpool::scaling::Fixed>;

/// This process's own memory, in KiB: without what it shares with others, such as its code.
std::size_t memory_kib() { return comparison::in_proc("status", "RssAnon:"); }

/// Lets this process and its children open as many files as it may.
void raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// This program again, as the tabs; ends with the pool, which must therefore be gone first.
class TabsProcess {
 public:
  TabsProcess(const std::string& link, std::size_t count)
      : output_(::popen((std::filesystem::read_symlink("/proc/self/exe").string() + " scale_tabs '" + link + "' " +
                         std::to_string(count))
                            .c_str(),
                        "re")) {
    if (!output_) throw std::runtime_error("can't start the tabs");
  }
  TabsProcess(const TabsProcess&) = delete;
  TabsProcess& operator=(const TabsProcess&) = delete;
  ~TabsProcess() { ::pclose(output_); }

  /// Until all have joined and loaded.
  void wait() {
    if (std::fgetc(output_) == EOF) throw std::runtime_error("the tabs could not join");
  }

 private:
  std::FILE* output_;
};

/// From a request's submission to its arrival in a tab, in microseconds, of `count` requests, so many at a time. The
/// tab answers with 64 KiB where that is wanted, else with 8 bytes.
std::vector<double> dispatch_times(const webpool::Model& model, std::size_t count, std::size_t in_flight,
                                   bool large = false) {
  const float input[4] = {large ? 1.0f : 0.0f};
  std::vector<double> times(count);
  std::exception_ptr failure;  // the last; read when nothing is in flight
  std::counting_semaphore<> places(static_cast<std::ptrdiff_t>(in_flight));
  for (std::size_t i = 0; i < count; ++i) {
    places.acquire();
    const auto submitted = Clock::now().time_since_epoch();
    model.async_run({{"x", webpool::Tensor::borrow<float>(input, {4}, nullptr)}},
                    [&, i, submitted](const std::exception_ptr& failed, const webpool::Outputs& outputs) {
                      if (failed) {
                        failure = failed;
                      } else {
                        const std::chrono::nanoseconds came(outputs["came"].as<std::int64_t>()[0]);
                        times[i] = std::chrono::duration<double, std::micro>(came - submitted).count();
                      }
                      places.release();
                    });
  }
  for (std::size_t i = 0; i < in_flight; ++i) places.acquire();
  if (failure) std::rethrow_exception(failure);
  return times;
}

}  // namespace

int scale(const Arguments& arguments) {
  const std::size_t tabs = std::stoul(arguments.at(0)), requests = std::stoul(arguments.at(2));
  const double idle_seconds = std::stod(arguments.at(1));
  raise_file_limit();
  const demo::TemporaryFolder folder;
  const auto file = folder.path() / "scale.onnx";
  std::ofstream(file, std::ios::binary) << webpool::testing::onnx_file(
      {{"x", {{4}}}}, {{.name = "came", .shape = {{"n"}}, .element = 7}});

  std::optional<TabsProcess> others;
  webpool::PoolOptions options{
      .min_connections = 0, .max_connections = tabs, .launch_browsers = false, .log = [](auto, std::string_view) {}};
  Pool pool(options);
  const std::size_t empty = memory_kib();
  others.emplace(pool.join_url(), tabs);
  const auto began = Clock::now();
  const webpool::Model model = pool.load(file, {.replicas = tabs});
  others->wait();
  const double joined = std::chrono::duration<double>(Clock::now() - began).count();

  std::this_thread::sleep_for(2s);  // past what came with joining
  const std::size_t idle_memory = memory_kib();
  double before = cpu_us();
  std::this_thread::sleep_for(std::chrono::duration<double>(idle_seconds));
  const double idle_cpu = (cpu_us() - before) / idle_seconds;

  dispatch_times(model, requests / 10, 1);
  const auto alone = dispatch_times(model, requests, 1);
  before = cpu_us();
  const auto began_busy = Clock::now();
  const auto many = dispatch_times(model, requests, 16);
  const double busy_cpu = (cpu_us() - before) / static_cast<double>(requests);
  const double rate = static_cast<double>(requests) / std::chrono::duration<double>(Clock::now() - began_busy).count();

  const std::size_t busy_memory = memory_kib();
  dispatch_times(model, 3 * tabs, 1, true);  // chosen at random: 95 % of the tabs get one

  std::cout << R"({"empty_kib":)" << empty << R"(,"join_seconds":)" << joined << R"(,"idle_kib":)" << idle_memory
            << R"(,"idle_cpu_us_per_second":)" << idle_cpu << R"(,"busy_kib":)" << busy_memory << R"(,"large_kib":)"
            << memory_kib() << R"(,"busy_cpu_us_per_request":)" << busy_cpu << R"(,"requests_per_second":)" << rate
            << R"(,"dispatch_us":{"p50":)" << quantile(alone, 0.5) << R"(,"p99":)" << quantile(alone, 0.99)
            << R"(},"dispatch_16_us":{"p50":)" << quantile(many, 0.5) << R"(,"p99":)" << quantile(many, 0.99) << "}}"
            << std::endl;
  return 0;
}

}  // namespace compare
