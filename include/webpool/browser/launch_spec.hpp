#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <webpool/browser.hpp>
#include <webpool/browser/machine.hpp>
#include <webpool/options.hpp>

namespace webpool::browser {

/// A browser and where it is.
struct Installed {
  Browser browser = Browser::other;
  std::filesystem::path executable{};
};

/// One browser to start, on one page.
struct LaunchSpec {
  Installed installed{};
  std::string url{};
  bool headless = true;
  BrowserOptions options{};
  std::optional<Graphics>
      graphics{};  ///< empty: what `Machine::detect` finds; after a time-out, `software` is worth a try
};

/// Browsers that understand Chromium's command line.
constexpr bool is_chromium_family(Browser browser) noexcept {
  return browser == Browser::chromium || browser == Browser::chrome || browser == Browser::headless_shell ||
         browser == Browser::edge;
}

}  // namespace webpool::browser
