#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/driver/batch.hpp>
#include <webpool/driver/model_origin.hpp>
#include <webpool/error.hpp>
#include <webpool/model_info.hpp>
#include <webpool/options.hpp>
#include <webpool/request.hpp>

namespace webpool::driver {

/// Longer times count as this one, which can be added to any point in time.
inline constexpr std::chrono::milliseconds longest_time = std::chrono::hours(24 * 365 * 10);

/// When a request submitted then runs out of time.
inline TimePoint deadline_of(TimePoint submitted, const RequestOptions& options) {
  return options.deadline ? submitted + std::clamp(*options.deadline, std::chrono::milliseconds(0), longest_time)
                          : end_of_time;
}

/// Throws `errc::invalid_options` for a share or a tolerance that is none, and where nobody could check.
inline void check_guests(const PoolOptions& options) {
  const GuestSettings& guests = options.guests;
  if (!(guests.recheck_share >= 0) || guests.recheck_share > 1)
    throw Error(errc::invalid_options,
                "guests.recheck_share is " + std::to_string(guests.recheck_share) + ": it must be between 0 and 1");
  for (const auto& [name, value] :
       {std::pair("absolute", guests.absolute_tolerance), std::pair("relative", guests.relative_tolerance)})
    if (!(value >= 0) || std::isinf(value))
      throw Error(errc::invalid_options, "guests." + std::string(name) + "_tolerance is " + std::to_string(value) +
                                             ": it must be 0 or more, and finite");
  if (guests.recheck_share > 0 && !options.launch_browsers)
    throw Error(
        errc::invalid_options,
        "guests.recheck_share is set, but launch_browsers is off: there will be no own tab to check results in");
}

/// The options as given, origins in browsers' form. Throws `errc::invalid_options` for a pool that could never run
/// anything, or whose options contradict each other.
inline PoolOptions check_options(PoolOptions options) {
  if (options.min_connections > options.max_connections)
    throw Error(errc::invalid_options, "min_connections (" + std::to_string(options.min_connections) +
                                           ") exceeds max_connections (" + std::to_string(options.max_connections) +
                                           ")");
  if (options.max_connections == 0)
    throw Error(errc::invalid_options, "max_connections is 0: such a pool can never run anything");
  if (options.connection.requests_in_flight == 0)
    throw Error(errc::invalid_options, "requests_in_flight is 0: nothing would ever run");
  if (options.flight_record == 0) throw Error(errc::invalid_options, "flight_record is 0: it must be at least 1");
  const ConnectionSettings& limits = options.connection;
  for (const auto& [name, value] :
       {std::pair("connect_timeout", limits.connect_timeout), std::pair("load_timeout", limits.load_timeout),
        std::pair("message_timeout", limits.message_timeout), std::pair("health_interval", limits.health_interval),
        std::pair("idle_timeout", limits.idle_timeout), std::pair("maximum_age", limits.maximum_age),
        std::pair("retries.base", options.retries.base), std::pair("retries.maximum", options.retries.maximum)})
    if (value < std::chrono::milliseconds(0) || value > longest_time)
      throw Error(errc::invalid_options, std::string(name) + " is " + std::to_string(value.count()) +
                                             " ms: it must be between 0 and " + std::to_string(longest_time.count()));
  if (options.busy_poll < std::chrono::microseconds(0) || options.busy_poll > longest_time)
    throw Error(errc::invalid_options, "busy_poll is " + std::to_string(options.busy_poll.count()) +
                                           " us: it must be between 0 and ten years");
  if (options.retries.attempts == 0 || options.retries.attempts > 100)
    throw Error(errc::invalid_options, "retries.attempts is " + std::to_string(options.retries.attempts) +
                                           ": it must be between 1 (never again) and 100");
  if (!(options.retries.budget >= 0) || options.retries.budget > 1)
    throw Error(errc::invalid_options,
                "retries.budget is " + std::to_string(options.retries.budget) + ": it must be between 0 and 1");
  check_guests(options);
  options.model_origins = check_origins("model_origins", options.model_origins);
  if (!options.public_origin.empty())
    options.public_origin = check_origins("public_origin", {options.public_origin}).front();
  return options;
}

/// Throws `errc::invalid_options` for a backend that nobody registered.
inline void check_backends(std::string_view model, const std::vector<Backend>& backends) {
  const std::string who = "model '" + std::string(model) + "': ";
  for (const Backend backend : backends)
    if (!is_builtin(backend) && !webpool::detail::registered_backend(backend))
      throw Error(errc::invalid_options, who + "ModelOptions::backends has the value " +
                                             std::to_string(static_cast<unsigned>(backend)) +
                                             ", which register_backend did not give");
}

/// Throws `errc::invalid_options` for numbers that make no sense, and for a maximum above 1 of a model that can't be
/// batched; the sentence names the axis that stands in the way.
inline void check_batching(std::string_view model, const ModelInfo& info, const BatchOptions& options) {
  const std::string who = "model '" + std::string(model) + "': ";
  if (options.maximum == 0) throw Error(errc::invalid_options, who + "batches of at most 0 rows could never run");
  if (options.delay < std::chrono::microseconds(0) || options.delay > longest_time)
    throw Error(errc::invalid_options, who + "batching.delay is " + std::to_string(options.delay.count()) +
                                           " us: it must be between 0 and ten years");
  if (options.maximum == 1) return;
  for (const std::size_t rows : options.preferred)
    if (rows == 0 || rows > options.maximum)
      throw Error(errc::invalid_options, who + "batching.preferred has " + std::to_string(rows) +
                                             ": it must be between 1 and the maximum, " +
                                             std::to_string(options.maximum));
  if (const auto obstacle = batch_obstacle(info))
    throw Error(errc::invalid_options,
                who + "batches of up to " + std::to_string(options.maximum) + " rows are asked for, but " + *obstacle);
}

}  // namespace webpool::driver
