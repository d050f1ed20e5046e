#pragma once

// Load for a long time on browsers that are renewed again and again, and whether anything grows or is left behind.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <webpool/resource_pool.hpp>
#include <webpool/testing/statistics.hpp>

#include "checked_load.hpp"
#include "processes.hpp"

namespace support {

struct SoakSettings {
  std::chrono::milliseconds time = std::chrono::minutes(30);
  std::size_t requests = 100'000;  ///< whichever comes first
  std::size_t callers = 4;
  std::vector<webpool::Browser> browsers{webpool::Browser::chromium, webpool::Browser::firefox,
                                         webpool::Browser::headless_shell};
  std::uint64_t maximum_requests = 4'000;  ///< of a browser, which is then renewed
  std::chrono::milliseconds maximum_age = std::chrono::minutes(4);
  std::function<void(const std::string&)> progress{};  ///< hears every minute how it goes
};

/// A figure with the most that it may be.
struct SoakFigure {
  std::string name;
  double value;
  std::string unit;
  std::optional<double> at_most;
  bool met() const { return !at_most || value <= *at_most; }
};

namespace soak {

/// Memory now and then, in MiB. Browsers come and go: what several renewals average to is what counts.
class Memory {
 public:
  void look() {
    host_.push_back(static_cast<double>(resident_bytes()) / (1 << 20));
    browsers_.push_back(static_cast<double>(browser_bytes()) / (1 << 20));
  }
  std::span<const double> host() const { return host_; }
  std::span<const double> browsers() const { return browsers_; }

 private:
  std::vector<double> host_, browsers_;
};

inline std::span<const double> quarter(std::span<const double> all, bool last) {
  const std::size_t length = all.size() / 4;
  return last ? all.last(length) : all.first(length);
}

inline double ratio(std::span<const double> all, const std::function<double(std::span<const double>)>& figure) {
  if (all.size() < 4) return 0;
  return figure(quarter(all, true)) / std::max(figure(quarter(all, false)), 1e-9);
}

inline std::string state(const Memory& memory, std::size_t requests, std::uint64_t renewed) {
  std::ostringstream text;
  text << memory.host().size() / 60 << " min: " << requests << " requests, " << renewed << " browsers renewed, host "
       << std::lround(memory.host().back()) << " MiB, browsers " << std::lround(memory.browsers().back()) << " MiB";
  return text.str();
}

inline double median(std::span<const double> some) {
  return webpool::testing::quantile({some.begin(), some.end()}, 0.5);
}
inline double p99(std::span<const double> some) { return webpool::testing::quantile({some.begin(), some.end()}, 0.99); }

}  // namespace soak

/// Runs the load on a pool of one browser of each kind, closes it, and says what came of that. Temporary folders must
/// go to `folders`, which nobody else uses (`TMPDIR`). Nothing else may be a child of this program.
template <class Pool>
std::vector<SoakFigure> run_soak(const SoakSettings& settings, const std::filesystem::path& model_file,
                                 const std::vector<Question>& questions, const std::filesystem::path& folders) {
  const std::size_t descriptors = open_descriptors(), tabs = settings.browsers.size();
  Tally tally;
  webpool::Metrics metrics;
  soak::Memory memory;
  std::vector<double> latencies;
  {
    webpool::PoolOptions options;
    options.min_connections = tabs;
    options.max_connections = tabs + 1;  // room for the one that joins before a worn one goes
    options.browsers = settings.browsers;
    options.connection.connect_timeout = std::chrono::minutes(1);
    options.connection.health_interval = std::chrono::seconds(2);
    options.connection.maximum_requests = settings.maximum_requests;
    options.connection.maximum_age = settings.maximum_age;
    options.log = [](auto, std::string_view) {};
    Pool pool(std::move(options));
    const webpool::Model model = pool.load(model_file, {.backends = {webpool::Backend::wasm}, .replicas = tabs});
    CheckedLoad load(model, questions,
                     {.requests = settings.requests,
                      .callers = settings.callers,
                      .pause = std::chrono::milliseconds(5),
                      .tolerance = 2e-5});
    const auto until = CheckedLoad::Clock::now() + settings.time;
    while (CheckedLoad::Clock::now() < until && load.submitted() < settings.requests) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      memory.look();
      if (settings.progress && memory.host().size() % 60 == 0)
        settings.progress(soak::state(memory, load.submitted(), pool.metrics().launches - tabs));
    }
    load.stop();
    tally = load.finish();
    latencies = load.latencies_ms();
    metrics = pool.metrics();
  }
  const auto count = [](std::size_t value) { return static_cast<double>(value); };
  const std::size_t left = open_descriptors();
  return {
      {"requests", count(tally.submitted), "requests", {}},
      {"browsers renewed", count(metrics.launches) - count(tabs), "browsers", {}},
      {"lost", count(tally.lost), "requests", 0},
      {"duplicated", count(tally.duplicated), "requests", 0},
      {"wrong", count(tally.wrong), "requests", 0},
      {"errors", count(tally.errors), "requests", 0},
      {"host memory, last quarter : first", soak::ratio(memory.host(), soak::median), "", 1.1},
      {"browsers' memory, last quarter : first", soak::ratio(memory.browsers(), soak::median), "", 1.2},
      {"p99, last quarter : first", soak::ratio(latencies, soak::p99), "", 1.5},
      {"p99", soak::p99(latencies), "ms", {}},
      {"processes left", count(descendants().size()), "processes", 0},
      {"folders left", count(browser_folders(folders)), "folders", 0},
      {"descriptors left", count(left - std::min(left, descriptors)), "descriptors", 0},
  };
}

}  // namespace support
