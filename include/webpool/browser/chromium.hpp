#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/browser/launch_spec.hpp>

namespace webpool::browser::chromium {

/// For every browser of the family. It is asked to close over the debugging pipe (descriptors 3 and 4), and it closes
/// by itself when that pipe breaks.
inline constexpr std::array<std::string_view, 30> switches{
    "--remote-debugging-pipe",
    // Full speed in a hidden tab.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-hang-monitor",
    "--disable-ipc-flooding-protection",
    // A GPU process that died may be restarted as often as necessary.
    "--disable-domain-blocking-for-3d-apis",
    "--disable-gpu-process-crash-limit",
    // No prompts and no other pages.
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    "--disable-search-engine-choice-screen",
    "--disable-infobars",
    "--hide-crash-restore-bubble",
    "--mute-audio",
    // No network traffic but the pool's.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-pings",
    // No process outside the browser's process group, nothing in the user's keychain.
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--password-store=basic",
    "--use-mock-keychain",
};

inline constexpr std::array<std::string_view, 12> disabled_features{
    // These would stop a busy hidden tab (Chromium 151 and later).
    "CPUMeasurementInFreezingPolicy",
    "MemoryMeasurementInFreezingPolicy",
    "InfiniteTabsFreezing",
    "IntensiveWakeUpThrottling",
    // Extra renderers, for the address bar's pop-ups and in reserve, which cost as much time at start as the pool's
    // tab.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "SpareRendererForSitePerProcess",
    // Prompts and traffic.
    "Translate",
    "MediaRouter",
    "OptimizationHints",
    "AutofillServerCommunication",
    "DialMediaRouteProvider",
};

/// On Linux, WebGPU counts as unsafe, with or without a GPU.
inline constexpr std::array<std::string_view, 2> webgpu_switches{"--enable-unsafe-webgpu", "--ignore-gpu-blocklist"};
inline constexpr std::array<std::string_view, 2> vulkan_switches{"--use-angle=vulkan", "--disable-vulkan-surface"};

/// The headless shell starts no GPU process unless it is told how to draw, and without one it has neither WebGPU nor
/// WebNN. On Linux it always draws in software, because Vulkan drivers often lack the extension that it needs to draw
/// without a window.
inline constexpr std::array<std::string_view, 3> headless_shell_switches{"--use-gl=angle", "--use-angle=swiftshader",
                                                                         "--enable-unsafe-swiftshader"};

namespace detail {

inline constexpr std::string_view enable_prefix = "--enable-features=", disable_prefix = "--disable-features=";

inline void append_feature(std::string& list, std::string_view feature) {
  if (!list.empty()) list += ',';
  list += feature;
}

}  // namespace detail

/// The command line, executable first and page last. It has `--no-sandbox` only for uid 0, or if the options say so:
/// see `Process::sandboxed`. Feature lists in the options' flags are merged with ours, since Chromium obeys only the
/// last one.
inline std::vector<std::string> command_line(const LaunchSpec& spec, const Machine& machine,
                                             const std::filesystem::path& profile) {
  const bool shell = spec.installed.browser == Browser::headless_shell;
  std::vector<std::string> line{spec.installed.executable.string(), "--user-data-dir=" + profile.string()};
  const auto append = [&](const auto& table) { line.insert(line.end(), table.begin(), table.end()); };
  std::string enabled, disabled;
  for (const std::string_view feature : disabled_features) detail::append_feature(disabled, feature);

  append(switches);
  if (spec.headless || shell) line.emplace_back("--headless");
  if (machine.root) line.emplace_back("--no-sandbox");
  if (machine.small_shared_memory) line.emplace_back("--disable-dev-shm-usage");

  const bool webgpu = spec.options.compute_shaders, webnn = !spec.options.webnn_devices.empty();
  if (webnn) detail::append_feature(enabled, "WebMachineLearningNeuralNetwork");
  if (webgpu) append(webgpu_switches);
  const Graphics graphics = spec.graphics.value_or(machine.graphics);
  if (shell && (webgpu || webnn) && graphics != Graphics::native) append(headless_shell_switches);
  if (!shell && webgpu && graphics == Graphics::vulkan) {
    append(vulkan_switches);
    detail::append_feature(enabled, "Vulkan");
  }

  for (const std::string& flag : spec.options.flags) {
    if (flag.starts_with(detail::enable_prefix))
      detail::append_feature(enabled, std::string_view(flag).substr(detail::enable_prefix.size()));
    else if (flag.starts_with(detail::disable_prefix))
      detail::append_feature(disabled, std::string_view(flag).substr(detail::disable_prefix.size()));
    else
      line.push_back(flag);
  }
  if (!enabled.empty()) line.push_back(std::string(detail::enable_prefix) + enabled);
  line.push_back(std::string(detail::disable_prefix) + disabled);
  line.push_back(spec.url);
  return line;
}

/// Asks the browser to close, on its debugging pipe.
inline constexpr std::string_view close_message{"{\"id\":1,\"method\":\"Browser.close\"}\0", 34};

}  // namespace webpool::browser::chromium
