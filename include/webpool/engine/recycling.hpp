#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <webpool/concepts/pool_view.hpp>
#include <webpool/engine/records.hpp>
#include <webpool/engine/sentences.hpp>
#include <webpool/options.hpp>

namespace webpool::engine {

/// A tab's own share of `maximum_age`: up to a tenth less, by when it joined, so that tabs which came together don't go
/// together.
inline std::chrono::nanoseconds age_limit(std::chrono::nanoseconds maximum, TimePoint joined) noexcept {
  const auto mixed = static_cast<std::uint64_t>(joined.time_since_epoch().count()) * 0x9e3779b97f4a7c15;
  return maximum - maximum / 10 * static_cast<std::int64_t>(mixed >> 54) / 1024;
}

/// Why a launched tab is to be replaced by a new one; empty while it need not be.
inline std::optional<std::string> why_recycle(const ConnectionRow& row, const ConnectionState& tab,
                                              const ConnectionSettings& limits, TimePoint now) {
  if (limits.maximum_age.count() > 0 && now - tab.joined >= age_limit(limits.maximum_age, tab.joined))
    return "it is " + seconds(std::chrono::duration_cast<std::chrono::milliseconds>(now - tab.joined)) + " old";
  if (limits.maximum_requests > 0 && tab.completed + tab.failed >= limits.maximum_requests)
    return "it has served " + std::to_string(tab.completed + tab.failed) + " requests";
  if (limits.maximum_memory_bytes > 0 && tab.memory_bytes > limits.maximum_memory_bytes)
    return "it holds " + std::to_string(tab.memory_bytes >> 20) + " MiB";
  if (limits.maximum_slowdown > 0 && row.slowdown >= limits.maximum_slowdown)
    return "its runs take " + std::to_string(row.slowdown).substr(0, 4) + " times as long as at first";
  return std::nullopt;
}

}  // namespace webpool::engine
