#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/ids.hpp>
#include <webpool/placing.hpp>
#include <webpool/task.hpp>

namespace webpool {

/// Whether a request is run again if its tab, worker or device fails.
enum class Retry : std::uint8_t {
  never,
  if_not_started,  ///< only if it certainly did not run: the page said that it had not begun
  always,          ///< even if it may have run already; a model's answer doesn't depend on how often it was asked
};

/// What a caller may say about one request.
struct RequestOptions {
  int priority = 0;          ///< larger runs earlier, if the scheduler looks at it
  std::uint32_t client = 0;  ///< who it is for, for a scheduler that shares the pool between clients
  std::optional<std::chrono::milliseconds>
      deadline{};                      ///< from submission; after that it ends with `errc::deadline_exceeded`
  std::vector<std::string> outputs{};  ///< names of those wanted; empty: all of `ModelInfo::outputs`
  /// Names of outputs that stay in the tab that computes them. Their tensors have no bytes here. Models in that tab's
  /// worker (`ResourcePool::load_together`) take them as inputs without a copy, all others at the price of one. Such a
  /// request is not batched, and a guest's result for it is not checked.
  std::vector<std::string> keep_on_device{};
  std::optional<Placing> placing{};  ///< of the tensors that stay, or of the run itself; empty: anywhere
  Retry retry = Retry::always;       ///< within `PoolOptions::retries`
  bool fail_if_full = false;         ///< blocking calls end with `errc::would_block` instead of waiting for room
};

/// A request as policies see it.
struct Request {
  RequestId id{};
  ModelIndex model{};
  Task task = Task::other;
  int priority = 0;
  std::uint32_t client = 0;
  TimePoint submitted{};
  TimePoint deadline = end_of_time;
  std::size_t payload_bytes = 0;  ///< tensor bytes that travel to the page
  std::uint32_t rows = 1;         ///< extent of the inputs' first axis: the batch, where the model has one
};

}  // namespace webpool
