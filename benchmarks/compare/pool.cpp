#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <webpool/webpool.hpp>

#include "../../examples/demo/reference.hpp"
#include "../../tests/support/onnx_file.hpp"
#include "compare.hpp"
#include "lines.hpp"
#include "round_trips.hpp"

namespace compare {
namespace {

using webpool::testing::OnnxValue;

/// A pool of launched tabs of one browser, and what the tasks have loaded into it.
class Contender {
 public:
  Contender(webpool::Browser kind, std::size_t tabs, std::filesystem::path sources)
      : sources_(std::move(sources)), pool_(options(kind, tabs)) {}

  std::string do_task(const Task& task) {
    const Trips trips{task.number("bytes"), task.number("in_flight"), task.number("count")};
    return trips.in_flight == 1 ? call_blocking(echo(), trips) : call_asynchronously(echo(), trips);
  }

  Versions versions() {
    Versions versions;
    for (const auto& tab : pool_.connections())
      versions[std::string(to_string(tab.browser.browser))] = tab.browser.version;
    return versions;
  }

  const webpool::Model& echo() {
    if (!echo_) {
      const std::vector<OnnxValue> x{{"x", {{"n"}}}}, y{{"y", {{"n"}}}};
      std::ofstream(folder_.path() / "echo.onnx", std::ios::binary) << webpool::testing::onnx_file(x, y);
      echo_ = pool_.load(folder_.path() / "echo.onnx",
                         {.backends = {webpool::register_backend({"echo", sources_ / "echo_backend.js"})}});
    }
    return *echo_;
  }

 private:
  /// The defaults, but for requests in flight: as many as the tasks ask for, instead of one that computes and one on
  /// its way.
  static webpool::PoolOptions options(webpool::Browser kind, std::size_t tabs) {
    webpool::PoolOptions all{.min_connections = tabs, .max_connections = tabs, .browsers = {kind}};
    all.connection.requests_in_flight = 16;
    all.connection.bytes_in_flight = 0;
    all.backlog.bytes = 0;
    return all;
  }

  demo::TemporaryFolder folder_;
  std::filesystem::path sources_;
  webpool::ResourcePool<> pool_;
  std::optional<webpool::Model> echo_;
};

}  // namespace

int pool(const Arguments& arguments) {
  Contender contender(browser_named(arguments.at(0)), std::stoul(arguments.at(1)), arguments.at(2));
  contender.echo();  // waits for a tab
  serve(contender.versions(), [&](const Task& task) { return contender.do_task(task); });
  return 0;
}

}  // namespace compare
