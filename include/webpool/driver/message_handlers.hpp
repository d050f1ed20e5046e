#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/detail/logger.hpp>
#include <webpool/metrics.hpp>
#include <webpool/page_message.hpp>

namespace webpool::driver {

/// The application's handlers by the names of their messages, and the count of what went wrong with messages. Lives on
/// the pool's thread.
class MessageHandlers {
 public:
  explicit MessageHandlers(const detail::Logger& logger) : logger_(logger) {}

  /// From now on; an empty handler takes the one before away.
  void set(std::string name, MessageHandler handler) {
    if (handler)
      handlers_.insert_or_assign(std::move(name), std::move(handler));
    else
      handlers_.erase(name);
  }

  /// A message without a handler is dropped, one whose handler throws is over; both are counted and logged.
  void deliver(const PageMessage& message) {
    ++received_;
    const auto found = handlers_.find(message.name);
    if (found == handlers_.end()) {
      ++unheard_;
      return report(message.browser, quoted(message.name) + " has no handler and is dropped");
    }
    const MessageHandler handler = found->second;  // it may replace itself
    try {
      handler(message);
    } catch (const std::exception& error) {
      fail(message, error.what());
    } catch (...) {
      fail(message, "something that is not a std::exception");
    }
  }

  /// News of something in a page that failed and leaves the tab as it is: an import of a module, a message's handler.
  void page_trouble(const BrowserInfo& browser, std::string_view source, std::string_view message) {
    ++page_troubles_;
    report(browser, std::string(source) + ": " + std::string(message));
  }

  void add_to(Metrics& metrics) const noexcept {
    metrics.messages_received = received_;
    metrics.messages_unheard = unheard_;
    metrics.message_handler_errors = errors_;
    metrics.page_troubles = page_troubles_;
  }

  /// Forgets the handlers, which may own what must not outlive the pool's thread.
  void clear() { handlers_.clear(); }

 private:
  static constexpr std::uint64_t most_lines = 100;  ///< pages must not be able to fill a disk

  static std::string quoted(std::string_view name) { return "message '" + std::string(name) + "'"; }

  void fail(const PageMessage& message, std::string_view words) {
    ++errors_;
    report(message.browser, "the handler of " + quoted(message.name) + " threw: " + std::string(words));
  }

  void report(const BrowserInfo& browser, const std::string& sentence) {
    if (++lines_ > most_lines && !logger_.debugging()) return;
    std::ostringstream text;
    text << browser << ": " << sentence;
    if (lines_ == most_lines) text << " (further troubles with messages are counted only)";
    logger_.info(std::move(text).str());
  }

  const detail::Logger& logger_;
  std::map<std::string, MessageHandler, std::less<>> handlers_;
  std::uint64_t received_ = 0, unheard_ = 0, errors_ = 0, page_troubles_ = 0, lines_ = 0;
};

}  // namespace webpool::driver
