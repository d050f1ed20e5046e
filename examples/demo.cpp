// Three models on every backend of three browsers at once, each number compared with native ONNX Runtime.
// demo [--json report.json] [--svg table.svg] [--models folder] [--reference reference.mjs]
#include <future>
#include <iostream>
#include <map>
#include <webpool/webpool.hpp>

#include "demo/models.hpp"
#include "demo/placement.hpp"
#include "demo/reference.hpp"
#include "demo/report.hpp"

namespace {
using webpool::Browser;
const webpool::BrowserOptions on_cpu{.webnn_devices = {webpool::WebnnDevice::cpu}};

/// A pool with one browser of each kind, and what they reported about themselves when they joined.
struct Browsers {
  std::promise<void> all_here;
  std::vector<webpool::BrowserInfo> joined;
  webpool::ResourcePool<webpool::selector::LeastLoaded, webpool::scaling::Fixed> pool{
      {.min_connections = 3,
       .max_connections = 3,
       .browsers = {Browser::chromium, Browser::firefox, Browser::headless_shell},
       .browser_options = {
           {Browser::chromium, on_cpu}, {Browser::firefox, on_cpu}, {Browser::headless_shell, on_cpu}}}};

  void wait() {
    pool.on_join([this](const webpool::BrowserInfo& browser) {
      joined.push_back(browser);
      if (joined.size() == 3) all_here.set_value();
    });
    if (all_here.get_future().wait_for(std::chrono::minutes(2)) != std::future_status::ready)
      throw webpool::Error(webpool::errc::connect_timeout, std::to_string(joined.size()) + " of 3 browsers joined");
  }
};

int run(std::map<std::string, std::string> given) {
  Browsers browsers;
  browsers.wait();
  demo::Report report;
  for (const auto& model : demo::demo_models(given["--models"])) {
    const auto native = demo::reference(model, given["--reference"]);
    for (const auto& browser : browsers.joined) demo::place(browsers.pool, model, browser, native, report);
  }
  report.print(std::cout);
  if (!given["--json"].empty()) report.write_json(given["--json"]);
  if (!given["--svg"].empty()) report.write_svg(given["--svg"]);
  return report.failed() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  std::map<std::string, std::string> given{{"--models", "examples/models"}, {"--reference", "js/tools/reference.mjs"}};
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  return run(std::move(given));
} catch (const std::exception& error) {
  return std::cerr << "demo: " << error.what() << '\n', 2;
}
