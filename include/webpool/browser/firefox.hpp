#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/browser/launch_spec.hpp>

namespace webpool::browser::firefox {

using Pref = std::pair<std::string_view, std::string_view>;

/// Preferences of every profile, values as JavaScript.
inline constexpr std::array<Pref, 51> prefs{{
    // Full speed in a hidden tab.
    {"dom.min_background_timeout_value", "4"},
    {"dom.min_background_timeout_value_without_budget_throttling", "4"},
    {"dom.timeout.throttling_delay", "-1"},
    {"dom.timeout.enable_budget_timer_throttling", "false"},
    {"dom.ipc.processPriorityManager.enabled", "false"},
    {"dom.ipc.processHangMonitor", "false"},
    {"dom.max_script_run_time", "0"},
    {"browser.tabs.unloadOnLowMemory", "false"},
    // No prompts and no other pages.
    {"browser.shell.checkDefaultBrowser", "false"},
    {"browser.startup.page", "0"},
    {"browser.startup.homepage_override.mstone", "\"ignore\""},
    {"browser.startup.firstrunSkipsHomepage", "true"},
    {"browser.aboutwelcome.enabled", "false"},
    {"browser.preonboarding.enabled", "false"},
    {"browser.newtabpage.enabled", "false"},
    {"browser.sessionstore.resume_from_crash", "false"},
    {"browser.tabs.warnOnClose", "false"},
    {"browser.warnOnQuit", "false"},
    {"browser.translations.enable", "false"},
    {"datareporting.policy.dataSubmissionPolicyBypassNotification", "true"},
    {"termsofuse.bypassNotification", "true"},
    {"toolkit.startup.max_resumed_crashes", "-1"},
    {"extensions.enabledScopes", "0"},
    {"security.sandbox.warn_unprivileged_namespaces", "false"},
    // Remote control would change preferences to those recommended for tests: ours must stay as they are.
    {"remote.prefs.recommended", "false"},
    // No network traffic but the pool's.
    {"app.update.auto", "false"},
    {"app.update.disabledForTesting", "true"},
    {"app.normandy.enabled", "false"},
    {"browser.contentblocking.report.lockwise.enabled", "false"},
    {"browser.discovery.enabled", "false"},
    {"browser.region.network.url", "\"\""},
    {"browser.region.update.enabled", "false"},
    {"browser.safebrowsing.blockedURIs.enabled", "false"},
    {"browser.safebrowsing.downloads.enabled", "false"},
    {"browser.safebrowsing.malware.enabled", "false"},
    {"browser.safebrowsing.phishing.enabled", "false"},
    {"browser.search.update", "false"},
    {"browser.topsites.contile.enabled", "false"},
    {"datareporting.healthreport.uploadEnabled", "false"},
    {"datareporting.policy.dataSubmissionEnabled", "false"},
    {"dom.push.connection.enabled", "false"},
    {"extensions.getAddons.cache.enabled", "false"},
    {"extensions.systemAddon.update.enabled", "false"},
    {"extensions.update.enabled", "false"},
    {"media.gmp-manager.updateEnabled", "false"},
    {"network.captive-portal-service.enabled", "false"},
    {"network.connectivity-service.enabled", "false"},
    {"network.http.speculative-parallel-limit", "0"},
    {"network.prefetch-next", "false"},
    {"services.settings.server", "\"data:,#remote-settings-dummy/v1\""},
    {"toolkit.telemetry.enabled", "false"},
}};

/// Off by default on Linux; in some versions workers have a preference of their own.
inline constexpr std::array<std::string_view, 3> webgpu_prefs{"dom.webgpu.enabled", "dom.webgpu.workers.enabled",
                                                              "gfx.webgpu.ignore-blocklist"};

/// The profile's user.js, one line per preference. The options' preferences replace ours of the same name.
inline std::string user_js(const BrowserOptions& options) {
  std::map<std::string, std::string> all = options.prefs;
  for (const auto& [name, value] : prefs) all.emplace(name, value);
  for (const std::string_view name : webgpu_prefs) all.emplace(name, options.compute_shaders ? "true" : "false");
  std::string text;
  for (const auto& [name, value] : all) text += "user_pref(\"" + name + "\", " + value + ");\n";
  return text;
}

/// The command line, executable first and page last. Its port for remote control is a free one on loopback: see
/// `BidiSession`.
inline std::vector<std::string> command_line(const LaunchSpec& spec, const std::filesystem::path& profile) {
  std::vector<std::string> line{
      spec.installed.executable.string(), "--no-remote", "--new-instance", "--profile", profile.string(),
      "--remote-debugging-port=0"};
  if (spec.headless) line.emplace_back("--headless");
  line.insert(line.end(), spec.options.flags.begin(), spec.options.flags.end());
  line.push_back(spec.url);
  return line;
}

}  // namespace webpool::browser::firefox
