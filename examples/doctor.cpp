// Which browsers are installed, and what each can do: version, WebGPU, WebNN, WebAssembly threads, and what is missing.
#include <future>
#include <iostream>
#include <webpool/browser/find.hpp>
#include <webpool/webpool.hpp>

namespace {
void print(const webpool::BrowserInfo& info) {
  std::cout << "  version   " << info.version << "\n  WebGPU    ";
  if (info.webgpu) {
    std::cout << info.webgpu->label() << (info.webgpu->software ? "" : " (this browser hides whether it is software)")
              << "\n            features:";
    for (const auto& feature : info.webgpu->features) std::cout << ' ' << feature;
    std::cout << "\n            limits:";
    for (const char* name : {"maxBufferSize", "maxStorageBufferBindingSize", "maxComputeInvocationsPerWorkgroup"})
      if (const auto limit = info.webgpu->limits.find(name); limit != info.webgpu->limits.end())
        std::cout << ' ' << name << '=' << std::uint64_t(limit->second);
    std::cout << '\n';
  } else {
    std::cout << "none: " << info.webgpu_reason << '\n';
  }
  if (!info.webnn_reason.empty()) std::cout << "  WebNN     none: " << info.webnn_reason << '\n';
  for (const auto& [device, reason] : info.webnn)
    std::cout << "  WebNN     asked for " << to_string(device) << ": " << (reason.empty() ? "yes" : reason) << '\n';
  std::cout << "  WASM      threads " << (info.wasm_threads ? "yes" : "no") << ", JSPI " << (info.jspi ? "yes" : "no")
            << ", " << info.hardware_concurrency
            << " cores, cross-origin isolated: " << (info.cross_origin_isolated ? "yes" : "no") << '\n';
}

/// Launches one browser and waits for its page; false if the page did not join.
bool examine(webpool::Browser kind) {
  std::promise<webpool::BrowserInfo> joined;
  auto browser = joined.get_future();
  webpool::ResourcePool<> pool({.max_connections = 1, .browsers = {kind}, .log = [](auto, std::string_view line) {
                                  std::cout << "  " << line << '\n';
                                }});
  pool.on_join([&, first = true](const webpool::BrowserInfo& info) mutable {
    if (std::exchange(first, false)) joined.set_value(info);
  });
  if (browser.wait_for(std::chrono::seconds(30)) != std::future_status::ready)
    return std::cout << "  its page did not join within 30 s\n", false;
  return print(browser.get()), true;
}

}  // namespace

int main() {
  bool healthy = true;
  int found = 0;
  for (const auto& place : webpool::browser::places) try {
      const auto installed = webpool::browser::find(place.browser);
      std::cout << to_string(place.browser) << ": " << (installed ? installed->executable.string() : "none") << '\n';
      if (!installed) std::cout << "  " << place.how_to_install << '\n';
      if (installed) ++found, healthy &= examine(place.browser);
    } catch (const webpool::Error& error) {
      healthy = false;
      std::cout << "  " << error.what() << '\n';
    }
  return found > 0 && healthy ? 0 : 1;
}
