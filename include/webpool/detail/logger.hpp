#pragma once

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <string_view>
#include <utility>
#include <webpool/options.hpp>

namespace webpool::detail {

/// Passes text on to the pool's sink, line by line, when it is important enough; standard error is the default sink.
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
  void write(LogLevel level, std::string_view line) const {
    if (level < threshold_ || threshold_ == LogLevel::off) return;
    for (std::size_t end = 0; end != line.npos; line.remove_prefix(std::min(line.size(), end + 1)))
      sink_(level, line.substr(0, end = line.find('\n')));
  }

  LogLevel threshold_;
  LogSink sink_;
};

}  // namespace webpool::detail
