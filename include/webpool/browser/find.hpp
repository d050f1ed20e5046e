#pragma once

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>
#include <webpool/browser/launch_spec.hpp>
#include <webpool/browser/version.hpp>  // IWYU pragma: export
#include <webpool/error.hpp>

namespace webpool::browser {

/// Where to look for one kind of browser, and what to say if it is not there.
struct Places {
  Browser browser;
  const char* variable;                     ///< environment variable with the path of an executable
  std::span<const std::string_view> names;  ///< on PATH
  std::span<const std::string_view> paths;  ///< besides PATH
  std::string_view how_to_install;
};

namespace detail {

#if defined(__APPLE__)
inline constexpr std::array<std::string_view, 1> chromium_paths{"/Applications/Chromium.app/Contents/MacOS/Chromium"};
inline constexpr std::array<std::string_view, 1> chrome_paths{
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"};
inline constexpr std::array<std::string_view, 0> headless_shell_paths{};
inline constexpr std::array<std::string_view, 1> edge_paths{
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"};
inline constexpr std::array<std::string_view, 1> firefox_paths{"/Applications/Firefox.app/Contents/MacOS/firefox"};
#else
inline constexpr std::array<std::string_view, 2> chromium_paths{"/usr/bin/chromium", "/usr/lib/chromium/chromium"};
inline constexpr std::array<std::string_view, 1> chrome_paths{"/opt/google/chrome/chrome"};
inline constexpr std::array<std::string_view, 1> headless_shell_paths{"/usr/bin/chromium-headless-shell"};
inline constexpr std::array<std::string_view, 1> edge_paths{"/opt/microsoft/msedge/msedge"};
inline constexpr std::array<std::string_view, 2> firefox_paths{"/usr/lib/firefox/firefox", "/opt/firefox/firefox"};
#endif
inline constexpr std::array<std::string_view, 2> chromium_names{"chromium", "chromium-browser"};
inline constexpr std::array<std::string_view, 2> chrome_names{"google-chrome", "google-chrome-stable"};
inline constexpr std::array<std::string_view, 4> headless_shell_names{"headless-shell", "chrome-headless-shell",
                                                                      "chromium-headless-shell", "headless_shell"};
inline constexpr std::array<std::string_view, 2> edge_names{"microsoft-edge", "microsoft-edge-stable"};
inline constexpr std::array<std::string_view, 2> firefox_names{"firefox", "firefox-esr"};

inline bool is_executable(const std::filesystem::path& path) {
  std::error_code failure;
  return std::filesystem::is_regular_file(path, failure) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace detail

/// Every browser that can be launched, in the order in which it is offered.
inline constexpr std::array<Places, 5> places{{
    {Browser::chromium, "WEBPOOL_CHROMIUM", detail::chromium_names, detail::chromium_paths,
     "Chromium: install the package chromium (Debian, Fedora, Homebrew), or set WEBPOOL_CHROMIUM to its executable."},
    {Browser::chrome, "WEBPOOL_CHROME", detail::chrome_names, detail::chrome_paths,
     "Chrome: install it from google.com/chrome, or set WEBPOOL_CHROME to its executable."},
    {Browser::headless_shell, "WEBPOOL_HEADLESS_SHELL", detail::headless_shell_names, detail::headless_shell_paths,
     "Chromium headless shell: unpack it with js/tools/headless_shell.mjs and set WEBPOOL_HEADLESS_SHELL to the "
     "launcher that it names."},
    {Browser::edge, "WEBPOOL_EDGE", detail::edge_names, detail::edge_paths,
     "Edge: install it from microsoft.com/edge, or set WEBPOOL_EDGE to its executable."},
    {Browser::firefox, "WEBPOOL_FIREFOX", detail::firefox_names, detail::firefox_paths,
     "Firefox: install the packages firefox-esr and mesa-vulkan-drivers (Debian) or firefox (Fedora, Homebrew), or set "
     "WEBPOOL_FIREFOX to its executable."},
}};

/// Where to look for `browser`; null for browsers that can't be launched, which join by link.
constexpr const Places* places_of(Browser browser) noexcept {
  for (const Places& entry : places)
    if (entry.browser == browser) return &entry;
  return nullptr;
}

/// A sentence on how to get `browser`, for messages.
constexpr std::string_view how_to_install(Browser browser) noexcept {
  const Places* entry = places_of(browser);
  return entry ? entry->how_to_install : "The pool can't launch this browser: open the pool's join URL in it.";
}

/// The absolute path of the executable `name`: a path as it is, a bare name by PATH. Empty if there is none.
inline std::optional<std::filesystem::path> find_executable(const std::filesystem::path& name) {
  if (name.has_parent_path()) {
    if (detail::is_executable(name)) return std::filesystem::absolute(name);
    return std::nullopt;
  }
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable ? variable : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (!folder.empty() && detail::is_executable(std::filesystem::path(folder) / name))
      return std::filesystem::absolute(std::filesystem::path(folder) / name);
  }
  return std::nullopt;
}

/// Looks for one kind of browser: the option's executable, then its environment variable, then PATH and the usual
/// places. Throws Error(errc::no_browser_found) if the option or the variable is set but does not name an executable
/// file; a wrong setting is never ignored. Reads the environment, so don't call it while another thread changes that.
inline std::optional<Installed> find(Browser browser, const BrowserOptions& options = {}) {
  const Places* entry = places_of(browser);
  if (!entry) return std::nullopt;
  const auto required = [&](const std::filesystem::path& path, const std::string& who) {
    if (const auto found = find_executable(path)) return Installed{browser, *found};
    throw Error(errc::no_browser_found, who + " names \"" + path.string() + "\", which is not an executable file");
  };
  if (!options.executable.empty())
    return required(options.executable, "the option `executable` of " + std::string(to_string(browser)));
  if (const char* value = std::getenv(entry->variable); value && *value)
    return required(value, "the environment variable " + std::string(entry->variable));
  for (const std::string_view name : entry->names)
    if (const auto found = find_executable(name)) return Installed{browser, *found};
  for (const std::string_view path : entry->paths)
    if (const auto found = find_executable(path)) return Installed{browser, *found};
  return std::nullopt;
}

/// Every browser that is installed, in the order of `places`. Throws as `find` does.
inline std::vector<Installed> find_installed(const std::map<Browser, BrowserOptions>& options = {}) {
  std::vector<Installed> found;
  for (const Places& entry : places) {
    const auto own = options.find(entry.browser);
    if (const auto installed = find(entry.browser, own == options.end() ? BrowserOptions{} : own->second))
      found.push_back(*installed);
  }
  return found;
}

}  // namespace webpool::browser
