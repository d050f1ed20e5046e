#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/engine/records.hpp>
#include <webpool/error.hpp>

namespace webpool::engine {

/// The engine's error messages: sentences that name the model, the browser and the limit. Only called when something
/// failed.

inline std::string quoted(const ModelRow& model) { return "model '" + model.spec.name + "'"; }

/// "firefox 153.7"
inline std::string described(const BrowserInfo& browser) {
  std::string text(to_string(browser.browser));
  return browser.version.empty() ? text : text + ' ' + browser.version;
}

/// "120 s", "1.5 s"
inline std::string seconds(std::chrono::milliseconds time) {
  std::ostringstream text;
  text << std::chrono::duration<double>(time).count() << " s";
  return text.str();
}

/// "chromium, firefox"; `none` for an empty list.
inline std::string listed(std::span<const Browser> kinds, std::string_view none) {
  std::string text;
  for (Browser kind : kinds) text.append(text.empty() ? "" : ", ").append(to_string(kind));
  return text.empty() ? std::string(none) : text;
}

/// The error in `error`'s place, with `before` in front of its message.
inline Error prefixed(const std::string& before, const Error& error) {
  return {static_cast<errc>(error.code().value()), before + ": " + error.message()};
}

/// The one error that several reasons make: their own code when they agree.
inline Error combined(const std::string& before, const std::vector<Error>& reasons) {
  std::string text;
  for (const Error& each : reasons) text.append(text.empty() ? "" : "; ").append(each.message());
  const bool agree =
      std::ranges::all_of(reasons, [&](const Error& each) { return each.code() == reasons.front().code(); });
  return {agree ? static_cast<errc>(reasons.front().code().value()) : errc::no_backend, before + ": " + text};
}

}  // namespace webpool::engine
