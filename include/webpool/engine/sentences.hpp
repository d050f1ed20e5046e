#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/engine/records.hpp>
#include <webpool/error.hpp>
#include <webpool/placing.hpp>

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

/// "12 of 90 MB", "0 of 345 bytes"
inline std::string amount(std::uint64_t done, std::uint64_t total) {
  constexpr std::uint64_t megabyte = 1'000'000;
  if (total < megabyte) return std::to_string(done) + " of " + std::to_string(total) + " bytes";
  return std::to_string(done / megabyte) + " of " + std::to_string(total / megabyte) + " MB";
}

/// Why a load is given up that made no progress for so long.
inline Error stalled(const ModelRow& model, const LoadNews& at, std::chrono::milliseconds patience) {
  const std::string limit = seconds(patience);
  switch (at.stage) {
    case LoadStage::start:
    case LoadStage::waits: return {errc::load_failed, quoted(model) + ": its worker did not start in " + limit};
    case LoadStage::fetch:
      return {errc::load_failed, quoted(model) + ": fetch stopped at " + amount(at.done, at.total) + " for " + limit};
    case LoadStage::create: return {errc::load_failed, quoted(model) + ": create did not end in " + limit};
    case LoadStage::warmup: break;
  }
  return {errc::load_failed, quoted(model) + ": warmup did not end in " + limit};
}

/// What becomes of a request whose selector answers with a tab that can't take it.
inline Error no_candidate(ConnectionIndex chosen, std::size_t candidates) {
  return {errc::policy_failed, "the selector chose connection " + std::to_string(chosen.value) +
                                   ", which is none of the " + std::to_string(candidates) + " candidates"};
}

/// Why the scheduler did not let a request in.
inline Error not_admitted(const ModelRow& model, const Request& request, const LaneLoad& load, Admission answer) {
  const std::string facts = quoted(model) + ": " + std::to_string(load.waiting) + " requests wait and " +
                            std::to_string(load.in_flight) + " run in " + std::to_string(load.places) + " tabs";
  if (answer == Admission::queue_full)
    return {errc::queue_full, "no room for priority " + std::to_string(request.priority) + " in the queue of " + facts};
  return {errc::deadline_unreachable,
          "a deadline in " +
              seconds(std::chrono::duration_cast<std::chrono::milliseconds>(request.deadline - request.submitted)) +
              " can't be met by " + facts};
}

/// The error that ends a request after several runs.
inline Error after_runs(unsigned runs, const Error& last) {
  return {static_cast<errc>(last.code().value()),
          last.message() + " (run " + std::to_string(runs) + " of this request; those before failed too)"};
}

/// "chromium, firefox"; `none` for an empty list.
inline std::string listed(std::span<const Browser> kinds, std::string_view none) {
  std::string text;
  for (Browser kind : kinds) text.append(text.empty() ? "" : ", ").append(to_string(kind));
  return text.empty() ? std::string(none) : text;
}

/// ", not in a tab with 'a', in the same browser as 'b'"; empty for what may stand anywhere.
inline std::string described(const Placing& placing) {
  std::string text;
  for (const auto& group : placing.apart_from)
    text += std::string(text.empty() ? ", not in a tab with '" : " or '") + group + "'";
  for (const auto& group : placing.same_browser_as) text += ", in the same browser as '" + group + "'";
  return text;
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
