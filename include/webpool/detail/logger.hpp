#pragma once

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/options.hpp>

namespace webpool::detail {

/// Passes lines to the pool's sink if they are important enough; the default sink is standard error. Lines quote pages
/// and browsers, so they are cut to 4 KiB, and control characters become spaces: nobody can forge a line of the log.
class Logger {
 public:
  Logger(LogLevel threshold, LogSink sink) : threshold_(threshold), sink_(std::move(sink)) {
    if (!sink_) sink_ = [](LogLevel, std::string_view line) { std::cerr << "webpool: " << line << std::endl; };
  }

  void info(std::string_view line) const { write(LogLevel::info, line); }
  void debug(std::string_view line) const { write(LogLevel::debug, line); }
  /// Whether a debug line would be written: ask before composing a costly one.
  bool debugging() const noexcept { return threshold_ == LogLevel::debug; }

 private:
  static constexpr std::size_t most_bytes = 4096;

  void write(LogLevel level, std::string_view line) const {
    if (level < threshold_ || threshold_ == LogLevel::off) return;
    std::string text(line.substr(0, most_bytes));
    std::ranges::replace_if(
        text, [](char each) { return static_cast<unsigned char>(each) < ' ' || each == '\x7f'; }, ' ');
    sink_(level, text);
  }

  LogLevel threshold_;
  LogSink sink_;
};

}  // namespace webpool::detail
