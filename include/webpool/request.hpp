#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/ids.hpp>

namespace webpool {

/// What a caller may say about one request.
struct RequestOptions {
  int priority = 0;  ///< larger runs earlier, under a scheduler that looks at it
  std::optional<std::chrono::milliseconds>
      deadline{};                      ///< from submission; then it ends with `errc::deadline_exceeded`
  std::vector<std::string> outputs{};  ///< names of those wanted; empty: all
};

/// A request as policies see it.
struct Request {
  RequestId id{};
  ModelIndex model{};
  int priority = 0;
  TimePoint submitted{};
  TimePoint deadline = never;
  std::size_t payload_bytes = 0;  ///< tensor bytes that travel to the page
};

}  // namespace webpool
