#include <webpool/browser/chromium.hpp>

#include <algorithm>
#include <set>

#include "support.hpp"

using namespace webpool;
using namespace webpool::browser;

namespace {

std::vector<std::string> line_of(Browser browser, const BrowserOptions& options = {}, const Machine& machine = {},
                                 bool headless = true) {
  const LaunchSpec spec{.installed = {browser, "/usr/bin/some-browser"},
                        .url = "http://127.0.0.1/",
                        .headless = headless,
                        .options = options};
  return chromium::command_line(spec, machine, "/tmp/webpool-x/profile");
}

bool has(const std::vector<std::string>& line, std::string_view argument) {
  return std::find(line.begin(), line.end(), argument) != line.end();
}

std::string value(const std::vector<std::string>& line, std::string_view name) {
  std::string found;
  for (const std::string& argument : line) {
    if (!argument.starts_with(std::string(name) + '=')) continue;
    CHECK(found.empty());  // given twice, Chromium would forget the first
    found = argument.substr(name.size() + 1);
  }
  return found;
}

}  // namespace

TEST_CASE("a Chromium command line has the executable first, the page last and nothing twice") {
  for (const Browser browser : {Browser::chromium, Browser::chrome, Browser::edge, Browser::headless_shell}) {
    for (const Graphics graphics : {Graphics::software, Graphics::vulkan, Graphics::native}) {
      const auto line = line_of(browser, {}, {.graphics = graphics, .root = true, .small_shared_memory = true});
      CAPTURE(to_string(browser));
      CHECK(line.front() == "/usr/bin/some-browser");
      CHECK(line.back() == "http://127.0.0.1/");
      CHECK(std::set<std::string>(line.begin(), line.end()).size() == line.size());
      CHECK(has(line, "--user-data-dir=/tmp/webpool-x/profile"));
      CHECK(has(line, "--remote-debugging-pipe"));
      CHECK(has(line, "--disable-renderer-backgrounding"));
      CHECK(has(line, "--enable-unsafe-webgpu"));
    }
  }
}

TEST_CASE("the sandbox is switched off for uid 0 only") {
  CHECK_FALSE(has(line_of(Browser::chromium), "--no-sandbox"));
  CHECK(has(line_of(Browser::chromium, {}, {.root = true}), "--no-sandbox"));
}

TEST_CASE("shared memory moves to the temporary folder where it is small") {
  CHECK_FALSE(has(line_of(Browser::chromium), "--disable-dev-shm-usage"));
  CHECK(has(line_of(Browser::chromium, {}, {.small_shared_memory = true}), "--disable-dev-shm-usage"));
}

TEST_CASE("windows are shown on request, except by the shell that has none") {
  CHECK(has(line_of(Browser::chrome), "--headless"));
  CHECK_FALSE(has(line_of(Browser::chrome, {}, {}, false), "--headless"));
  CHECK(has(line_of(Browser::headless_shell, {}, {}, false), "--headless"));
}

TEST_CASE("graphics switches follow the machine") {
  CHECK_FALSE(has(line_of(Browser::chromium), "--use-angle=swiftshader"));
  CHECK(value(line_of(Browser::headless_shell), "--use-angle") == "swiftshader");
  CHECK(has(line_of(Browser::headless_shell), "--enable-unsafe-swiftshader"));
  const Machine gpu{.graphics = Graphics::vulkan};
  CHECK(value(line_of(Browser::chromium, {}, gpu), "--use-angle") == "vulkan");
  CHECK(value(line_of(Browser::chromium, {}, gpu), "--enable-features").find("Vulkan") != std::string::npos);
  CHECK(value(line_of(Browser::headless_shell, {}, gpu), "--use-angle") == "swiftshader");
  for (const Browser browser : {Browser::chromium, Browser::headless_shell})
    CHECK(value(line_of(browser, {}, {.graphics = Graphics::native}), "--use-angle").empty());
  const LaunchSpec cautious{.installed = {Browser::chrome, "/chrome"}, .graphics = Graphics::software};
  CHECK(value(chromium::command_line(cautious, gpu, "/p"), "--use-angle").empty());
}

TEST_CASE("options leave WebGPU and WebNN out") {
  BrowserOptions options;
  options.compute_shaders = false;
  CHECK_FALSE(has(line_of(Browser::chromium, options, {.graphics = Graphics::vulkan}), "--enable-unsafe-webgpu"));
  CHECK(value(line_of(Browser::chromium), "--enable-features") == "WebMachineLearningNeuralNetwork");
  options.webnn_devices.clear();
  CHECK(value(line_of(Browser::chromium, options), "--enable-features").empty());
  // WebNN alone needs the shell's GPU process as well.
  options.webnn_devices = {WebnnDevice::cpu};
  CHECK(value(line_of(Browser::headless_shell, options), "--use-angle") == "swiftshader");
}

TEST_CASE("the options' flags are appended, their feature lists merged with ours") {
  BrowserOptions options;
  options.flags = {"--mine", "--enable-features=A,B", "--disable-features=C", "--enable-features=D"};
  const auto line = line_of(Browser::chromium, options);
  CHECK(has(line, "--mine"));
  CHECK(value(line, "--enable-features") == "WebMachineLearningNeuralNetwork,A,B,D");
  CHECK(value(line, "--disable-features").starts_with("CPUMeasurementInFreezingPolicy,"));
  CHECK(value(line, "--disable-features").ends_with(",C"));
}

TEST_CASE("the request to close is one message of the debugging pipe") {
  CHECK(chromium::close_message == std::string_view("{\"id\":1,\"method\":\"Browser.close\"}\0", 34));
  CHECK(chromium::close_message.find('\0') == chromium::close_message.size() - 1);
}
