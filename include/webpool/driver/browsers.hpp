#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <webpool/browser/find.hpp>
#include <webpool/browser/process.hpp>
#include <webpool/clock.hpp>
#include <webpool/detail/logger.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

/// The browser processes of a pool. Used on the pool's thread alone, which outlives them.
class Browsers {
 public:
  /// Looks for what may be launched. Throws `errc::no_browser_found` when the options ask for browsers and none is
  /// there.
  Browsers(const PoolOptions& options, const detail::Logger& logger) : options_(options), logger_(logger) {
    if (!options.launch_browsers) return;
    if (options.browsers.empty()) {
      installed_ = browser::find_installed(options.browser_options);
    } else {
      for (const Browser kind : options.browsers) {
        if (auto found = browser::find(kind, options_of(kind)))
          installed_.push_back(*std::move(found));
        else
          logger_.info(std::string(to_string(kind)) + " is not installed. " +
                       std::string(browser::how_to_install(kind)));
      }
    }
    if (!installed_.empty()) return;
    std::string message = "no browser to launch was found.";
    for (const auto& place : browser::places)
      if (options.browsers.empty() || std::ranges::count(options.browsers, place.browser))
        message += " " + std::string(place.how_to_install);
    throw Error(errc::no_browser_found, message);
  }

  /// The kinds that can be launched, in the order of preference.
  std::vector<Browser> kinds() const {
    std::vector<Browser> result;
    for (const auto& each : installed_) result.push_back(each.browser);
    return result;
  }

  BrowserOptions options_of(Browser kind) const {
    const auto found = options_.browser_options.find(kind);
    return found == options_.browser_options.end() ? BrowserOptions{} : found->second;
  }

  /// Why the browser could not be started; empty when it runs.
  std::optional<Error> launch(LaunchId id, Browser kind, std::string url) {
    const auto installed = std::ranges::find(installed_, kind, &browser::Installed::browser);
    if (installed == installed_.end())
      return Error(errc::launch_failed, std::string(to_string(kind)) + " is not installed");
    auto process = browser::launch({*installed, std::move(url), options_.headless, options_of(kind)});
    if (!process) return process.error();
    logger_.info("started " + std::string(to_string(kind)) + " (process " + std::to_string(process->id()) + ")");
    if (!process->sandboxed() && !std::exchange(told_about_sandbox_, true))
      logger_.info("running as root, where Chromium's sandbox can't work: --no-sandbox was added");
    running_.emplace(id, Running{kind, std::move(*process), std::nullopt});
    return std::nullopt;
  }

  /// What was launched under that id; empty when it does not run.
  std::optional<Browser> kind_of(LaunchId id) const {
    const auto found = running_.find(id);
    return found == running_.end() ? std::nullopt : std::optional(found->second.kind);
  }
  bool empty() const noexcept { return running_.empty(); }

  void close(LaunchId id, TimePoint now) {
    const auto found = running_.find(id);
    if (found == running_.end() || found->second.closing_since) return;
    found->second.closing_since = now;
    found->second.process.ask_to_close();
  }

  /// Buries browsers that have ended, ends those that don't close when asked, and calls `exited(id, error)` for each
  /// that ended without being asked. `exited` must not call back.
  template <class Exited>
  void poll(TimePoint now, Exited exited) {
    for (auto entry = running_.begin(); entry != running_.end();) {
      auto& [kind, process, closing_since] = entry->second;
      if (process.running()) {
        if (!closing_since || now < *closing_since + patience) {
          ++entry;
          continue;
        }
        process.terminate(std::chrono::milliseconds(0));
      } else if (!closing_since) {
        const std::string words = process.last_words();
        exited(entry->first,
               Error(errc::launch_failed, std::string(to_string(kind)) + " " + process.exit_description() +
                                              (words.empty() ? " without a word" : "; its last words: " + words)));
      }
      entry = running_.erase(entry);
    }
  }

  /// Ends all of them, side by side; blocks until they are gone.
  void close_all() {
    for (auto& [id, browser] : running_) browser.process.ask_to_close();
    for (auto& [id, browser] : running_) browser.process.terminate(patience);
    running_.clear();
  }

 private:
  /// How long a browser may take to close when asked: Firefox needs about one second.
  static constexpr std::chrono::milliseconds patience{3'000};

  struct Running {
    Browser kind;
    browser::Process process;
    std::optional<TimePoint> closing_since;
  };

  const PoolOptions& options_;
  const detail::Logger& logger_;
  std::vector<browser::Installed> installed_;
  std::map<LaunchId, Running> running_;
  bool told_about_sandbox_ = false;
};

}  // namespace webpool::driver
