#pragma once

#include <chrono>

namespace webpool {

/// The pool's clock. The engine and the policies never read it: every event carries its time.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

/// The time that never comes: a request without a deadline has this one.
inline constexpr TimePoint end_of_time = TimePoint::max();

}  // namespace webpool
