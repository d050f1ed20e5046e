#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/ids.hpp>
#include <webpool/metrics.hpp>
#include <webpool/testing/random.hpp>
#include <webpool/testing/request_record.hpp>
#include <webpool/testing/statistics.hpp>

namespace webpool::testing {

/// The results of a simulation. Figures can be restricted to some requests: `which` is called with each
/// `RequestRecord`, and those for which it returns true count.
struct Result {
  Duration length{};
  std::vector<RequestRecord> requests{};        ///< in the order of submission
  Metrics metrics{};                            ///< of the engine, at the end
  std::map<ModelIndex, std::uint64_t> loads{};  ///< into any tab
  double browser_minutes = 0;                   ///< sum over tabs, from launch (or joining) to closing
  std::size_t peak_browsers = 0;                ///< of tabs and starting browsers
  std::size_t peak_memory = 0;                  ///< bytes of all loaded models
  std::vector<Duration> crash_times{};          ///< since the start, in order

  static constexpr auto all = [](const RequestRecord&) { return true; };

  template <class Which = decltype(all)>
  std::size_t count(Which which = {}) const {
    return static_cast<std::size_t>(std::ranges::count_if(requests, which));
  }
  template <class Which = decltype(all)>
  std::size_t completed(Which which = {}) const {
    return count([&](const RequestRecord& each) { return each.ok() && which(each); });
  }
  /// Results per second.
  template <class Which = decltype(all)>
  double throughput(Which which = {}) const {
    return length > Duration(0) ? static_cast<double>(completed(which)) / seconds_of(length) : 0;
  }

  /// Milliseconds from submission until a tab began to compute; of all requests, those that still wait included.
  template <class Which = decltype(all)>
  double wait_ms(double quantile, Which which = {}) const {
    return testing::quantile(values([&](const RequestRecord& each) { return each.wait(length); }, which), quantile);
  }
  /// Milliseconds from submission to result, of the requests that got one.
  template <class Which = decltype(all)>
  double latency_ms(double quantile, Which which = {}) const {
    return testing::quantile(latencies(which), quantile);
  }
  template <class Which = decltype(all)>
  double mean_latency_ms(Which which = {}) const {
    return mean(latencies(which));
  }

  /// Requests that had no result by their deadline, for whatever reason.
  template <class Which = decltype(all)>
  std::size_t deadline_misses(Which which = {}) const {
    return count([&](const RequestRecord& each) { return each.missed(length) && which(each); });
  }
  /// The share of requests whose model was loaded somewhere when they came.
  template <class Which = decltype(all)>
  double hit_rate(Which which = {}) const {
    const std::size_t asked = count(which);
    const std::size_t hits = count([&](const RequestRecord& each) { return each.warm && which(each); });
    return asked == 0 ? 1 : static_cast<double>(hits) / static_cast<double>(asked);
  }

  /// Seconds that tabs computed for each client.
  std::map<std::uint32_t, double> service_by_client() const {
    std::map<std::uint32_t, double> sums;
    for (const RequestRecord& each : requests) sums[each.client] += seconds_of(each.service(length));
    return sums;
  }

  /// Loads beyond the first of each model.
  std::uint64_t reloads() const {
    std::uint64_t sum = 0;
    for (const auto& [model, times] : loads) sum += times - 1;
    return sum;
  }

 private:
  template <class Which>
  std::vector<double> latencies(Which& which) const {
    return values([&](const RequestRecord& each) { return each.latency(length); },
                  [&](const RequestRecord& each) { return each.ok() && which(each); });
  }

  template <class Time, class Which>
  std::vector<double> values(Time time, Which which) const {
    std::vector<double> some;
    for (const RequestRecord& each : requests)
      if (which(each)) some.push_back(1e3 * seconds_of(time(each)));
    return some;
  }
};

}  // namespace webpool::testing
