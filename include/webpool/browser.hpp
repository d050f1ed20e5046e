#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/backend.hpp>

namespace webpool {

/// Browsers, distinguished by what the pool must do to launch them. `headless_shell` is Chromium's windowless build.
enum class Browser : std::uint8_t { chromium, chrome, headless_shell, edge, firefox, safari, other };

namespace detail {
inline constexpr std::array<std::string_view, 7> browser_names{"chromium", "chrome", "headless_shell", "edge",
                                                               "firefox",  "safari", "other"};
}

constexpr std::string_view to_string(Browser browser) noexcept {
  return detail::browser_names[static_cast<std::size_t>(browser)];
}

constexpr std::optional<Browser> parse_browser(std::string_view name) noexcept {
  for (std::size_t i = 0; i < detail::browser_names.size(); ++i)
    if (detail::browser_names[i] == name) return static_cast<Browser>(i);
  return std::nullopt;
}

inline std::ostream& operator<<(std::ostream& out, Browser browser) { return out << to_string(browser); }

/// A WebGPU adapter as the browser describes it. A browser leaves out what it hides.
struct AdapterInfo {
  std::string vendor{}, architecture{}, device{}, description{};
  std::optional<bool> software{};  ///< computes on the CPU (SwiftShader, llvmpipe, WARP); empty if the browser hides it
  std::vector<std::string> features{};
  std::map<std::string, double> limits{};

  /// The most specific name available; a software adapter's ends in ", software".
  std::string label() const {
    std::string name = !description.empty() ? description : !device.empty() ? device : architecture;
    if (name.empty()) name = !vendor.empty() ? vendor : "unnamed adapter";
    return software.value_or(false) ? name + ", software" : name;
  }
};

/// What a tab says about itself when it joins.
struct BrowserInfo {
  Browser browser = Browser::other;
  std::string version{}, user_agent{}, platform{};
  unsigned hardware_concurrency = 0;          ///< 0 if the browser hides it
  std::optional<double> device_memory_gib{};  ///< browsers round it down, often to at most 8
  bool cross_origin_isolated = false;
  bool wasm_threads = false;
  bool jspi = false;  ///< WebAssembly JavaScript Promise Integration
  bool visible = true;
  std::optional<AdapterInfo> webgpu{};  ///< empty: no adapter, `webgpu_reason` says why
  std::string webgpu_reason{};
  std::map<WebnnDevice, std::string>
      webnn{};                 ///< per device type: empty if a context can be made, otherwise the browser's words
  std::string webnn_reason{};  ///< why there is no WebNN at all
  bool launched = false;       ///< by the pool, rather than opened by a person
  bool simulated = false;      ///< only `webpool::testing` sets it
};

inline std::ostream& operator<<(std::ostream& out, const BrowserInfo& info) {
  out << info.browser << ' ' << info.version;
  if (info.webgpu) out << " (" << info.webgpu->label() << ')';
  return info.simulated ? out << " simulated" : out;
}

}  // namespace webpool
