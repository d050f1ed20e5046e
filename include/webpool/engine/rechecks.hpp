#pragma once

#include <algorithm>
#include <cstdint>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>

namespace webpool::engine {

/// What the driver knows of a good result.
struct Check {
  /// A random number from 0 to below 1: below a guest's share, the result is computed again. 1: it never is.
  double draw = 1;
  const Error* disagreement = nullptr;  ///< how it differs from the result that is held for the request
};

/// The reply to a run.
struct Reply {
  WorkerId worker;
  RequestId request;
  const Error* error = nullptr;  ///< null: a good result
  bool started = true;           ///< false when the run had certainly not begun
  Check check{};
};

/// Which results of guests own tabs compute again.
class Rechecks {
 public:
  explicit Rechecks(const GuestSettings& settings) : settings_(settings) {}

  bool on() const noexcept { return settings_.recheck_share > 0; }

  /// The share of a guest's results to check, which has been right so often: `GuestSettings`.
  double share(std::uint64_t agreements) const noexcept {
    if (!on()) return 0;
    if (agreements < settings_.proven_after) return 1;
    return std::max(settings_.recheck_share, 1 / static_cast<double>(agreements));
  }

  bool proves(std::uint64_t agreements) const noexcept { return agreements >= settings_.proven_after; }

 private:
  GuestSettings settings_;
};

}  // namespace webpool::engine
