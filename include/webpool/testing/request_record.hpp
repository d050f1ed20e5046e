#pragma once

#include <cstdint>
#include <optional>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>

namespace webpool::testing {

/// What became of one request. Times count from the start of the simulation.
struct RequestRecord {
  ModelIndex model{};
  std::uint32_t client = 0;
  int priority = 0;
  Duration submitted{};
  std::optional<Duration> deadline{};          ///< when it was due
  bool warm = false;                           ///< a tab held the model when it was submitted
  std::optional<ConnectionId> tab{};           ///< where it was sent
  Browser browser = Browser::other;            ///< with `tab`
  Backend backend = Backend::wasm;             ///< with `tab`
  std::optional<Duration> started{}, ended{};  ///< empty if that didn't happen
  std::optional<errc> error{};                 ///< why it ended without a result

  bool ok() const noexcept { return ended && !error; }

  /// From submission until a tab began to compute, or until it ended without that; until `now` if it still waits.
  Duration wait(Duration now) const noexcept { return started.value_or(ended.value_or(now)) - submitted; }
  Duration latency(Duration now) const noexcept { return ended.value_or(now) - submitted; }
  /// How long a tab computed for it.
  Duration service(Duration now) const noexcept { return started ? ended.value_or(now) - *started : Duration(0); }
  /// Whether it had no result when it was due, or will have none.
  bool missed(Duration now) const noexcept {
    return deadline && (ended ? error || *ended > *deadline : now > *deadline);
  }
};

}  // namespace webpool::testing
