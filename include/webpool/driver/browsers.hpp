#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <webpool/browser/attach_control.hpp>
#include <webpool/browser/find.hpp>
#include <webpool/browser/process.hpp>
#include <webpool/clock.hpp>
#include <webpool/detail/logger.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool::driver {

/// The browser processes of a pool. Used in the pool's loop alone; `launch` only by the pool's own thread, since a
/// browser dies with the thread that started it.
class Browsers {
 public:
  using PageGone = std::function<void(LaunchId, const std::string& reason)>;
  using Done = browser::Control::Done;

  /// Looks for what may be launched. `page_gone` is called as soon as a browser says that it lost its page. Throws
  /// `errc::no_browser_found` when the options ask for browsers and none is there.
  Browsers(const PoolOptions& options, const detail::Logger& logger, asio::io_context& context, PageGone page_gone)
      : options_(options), logger_(logger), context_(context), page_gone_(std::move(page_gone)) {
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
    auto control = browser::attach_control(context_, kind, *process, handlers(id));
    if (!control) return control.error();
    process->use(std::move(*control));
    running_.emplace(id, Running{kind, std::move(*process), std::nullopt});
    return std::nullopt;
  }

  /// Loads the page of a browser anew. `done`: see `browser::Control`.
  void reload(LaunchId id, Done done) {
    if (browser::Control* control = control_of(id, done)) control->reload(std::move(done));
  }

  /// Opens a tab on `url` in place of the browser's tab.
  void new_tab(LaunchId id, std::string url, Done done) {
    if (browser::Control* control = control_of(id, done)) control->new_tab(std::move(url), std::move(done));
  }

  /// What was launched under that id; empty when it does not run.
  std::optional<Browser> kind_of(LaunchId id) const {
    const auto found = running_.find(id);
    return found == running_.end() ? std::nullopt : std::optional(found->second.kind);
  }
  bool empty() const noexcept { return running_.empty(); }

  /// The browser's page is to join once more: until it does, its end is no news.
  void expect_page(LaunchId id) { page_expected_.insert(id); }
  bool expects_page(LaunchId id) const { return page_expected_.contains(id); }
  /// The page has come, or can't. False: it was not expected.
  bool expect_no_page(LaunchId id) { return page_expected_.erase(id) > 0; }

  void close(LaunchId id, TimePoint now) {
    page_expected_.erase(id);
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
        if (!closing_since || now < *closing_since + close_timeout) {
          ++entry;
          continue;
        }
        process.terminate(std::chrono::milliseconds(0));
      } else if (!closing_since) {
        page_expected_.erase(entry->first);
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
    for (auto& [id, browser] : running_) browser.process.terminate(close_timeout);
    running_.clear();
  }

 private:
  /// How long a browser may take to close when asked: Firefox needs about one second.
  static constexpr std::chrono::milliseconds close_timeout{3'000};

  struct Running {
    Browser kind;
    browser::Process process;
    std::optional<TimePoint> closing_since;
  };

  browser::Control::Handlers handlers(LaunchId id) {
    return {.page_gone =
                [this, id](const std::string& reason) {
                  const auto found = running_.find(id);
                  if (found != running_.end() && !found->second.closing_since) page_gone_(id, reason);
                },
            .log = [this](const std::string& line) { logger_.info(line); }};
  }

  /// Null after it has ended `done`: no such browser, or it is closing.
  browser::Control* control_of(LaunchId id, Done& done) {
    const auto found = running_.find(id);
    if (found != running_.end() && !found->second.closing_since) return found->second.process.control();
    asio::post(context_,
               [done = std::move(done)]() mutable { done(Error(errc::launch_failed, "the browser is gone")); });
    return nullptr;
  }

  const PoolOptions& options_;
  const detail::Logger& logger_;
  asio::io_context& context_;
  PageGone page_gone_;
  std::vector<browser::Installed> installed_;
  std::map<LaunchId, Running> running_;
  std::set<LaunchId> page_expected_;
  bool told_about_sandbox_ = false;
};

}  // namespace webpool::driver
