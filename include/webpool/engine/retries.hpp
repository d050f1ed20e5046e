#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <webpool/clock.hpp>
#include <webpool/engine/expiries.hpp>
#include <webpool/engine/records.hpp>
#include <webpool/error.hpp>
#include <webpool/options.hpp>
#include <webpool/policies/selector/draw.hpp>

namespace webpool::engine {

/// Which runs that failed are tried again, and when: `RetrySettings`.
class Retries {
 public:
  explicit Retries(const RetrySettings& settings) : settings_(settings), saved_(settings.burst) {}

  /// A request was submitted: a share of a retry is earned.
  void earn() noexcept { saved_ = std::min(saved_ + settings_.budget, static_cast<double>(settings_.burst)); }

  /// Errors that another tab may not make.
  static bool worth_it(const Error& error) noexcept {
    return error.code() == errc::connection_lost || error.code() == errc::device_lost ||
           error.code() == errc::timed_out || error.code() == errc::run_failed;
  }

  /// When to run the request again, whose run has just failed; empty when it is to end. Takes what that costs.
  /// `started`: whether the run may have begun.
  std::optional<TimePoint> plan(const RequestRow& row, const Error& error, bool started, TimePoint now) noexcept {
    if (row.retry == Retry::never || (row.retry == Retry::if_not_started && started) || !worth_it(error) ||
        row.runs >= settings_.attempts || saved_ < 1)
      return std::nullopt;
    const TimePoint when = now + wait(row.runs);
    if (when >= row.request.deadline) return std::nullopt;
    saved_ -= 1;
    return when;
  }

  void push(TimePoint when, RequestId request) { due_.push(when, request); }
  std::optional<RequestId> pop_due(TimePoint now) { return due_.pop_due(now); }

 private:
  /// Before the run that follows run `runs`.
  std::chrono::milliseconds wait(unsigned runs) noexcept {
    if (runs < 2) return {};
    const unsigned doublings = std::min(runs - 2, 20u);
    const auto most = std::min(settings_.maximum, settings_.base * (1 << doublings));
    return std::chrono::milliseconds(draw_.below(static_cast<std::size_t>(most.count()) + 1));
  }

  RetrySettings settings_;
  double saved_;
  Expiries<RequestId> due_;
  selector::Draw draw_;
};

}  // namespace webpool::engine
