#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>

namespace webpool::driver {

/// A way of running a model.
struct Way {
  Backend backend = Backend::wasm;
  std::optional<WebnnDevice> device{};

  bool operator==(const Way&) const = default;
};

/// What went wrong with ways of running models, by model and kind of tab. Tabs are of one kind when browser, version
/// and adapter are the same.
class AvoidedWays {
 public:
  /// One that is not to be tried now, and why.
  struct Avoided {
    Way way;
    std::string reason;
  };

  /// Whether a worker had ever answered before it hung.
  enum class Before : std::uint8_t { answered, silent };

  /// So long a way that hung is not tried again.
  static constexpr std::chrono::minutes rest{10};

  /// Another way ran what this one can't: it is not tried again. `model`: by its content.
  void fail(const std::string& model, const BrowserInfo& browser, Way way, std::string reason) {
    record(model, browser, way) = {way, std::move(reason), true, TimePoint::max()};
  }

  /// The way did not answer. If it had before, that may have had another cause: then it rests after the second time
  /// within `rest`.
  void hang(const std::string& model, const BrowserInfo& browser, Way way, std::string reason, Before before,
            TimePoint now) {
    Record& entry = record(model, browser, way);
    if (entry.until == TimePoint::max()) return;
    const bool again = now < entry.until;
    entry = {way, std::move(reason), again || before == Before::silent, now + rest};
  }

  std::vector<Avoided> find(const std::string& model, const BrowserInfo& browser, TimePoint now) const {
    std::vector<Avoided> found;
    if (const auto records = records_.find(key(model, browser)); records != records_.end())
      for (const Record& each : records->second)
        if (each.rests && now < each.until) found.push_back({each.way, each.reason});
    return found;
  }

 private:
  struct Record {
    Way way{};
    std::string reason{};
    bool rests = false;  ///< false: it hung once, which may have had another cause
    TimePoint until{};   ///< when this is forgotten
  };

  static std::string key(const std::string& model, const BrowserInfo& browser) {
    std::ostringstream text;
    text << model << browser;
    return std::move(text).str();
  }

  Record& record(const std::string& model, const BrowserInfo& browser, Way way) {
    auto& records = records_[key(model, browser)];
    const auto known = std::ranges::find(records, way, &Record::way);
    if (known != records.end()) return *known;
    records.push_back({.way = way});
    return records.back();
  }

  std::unordered_map<std::string, std::vector<Record>> records_;
};

}  // namespace webpool::driver
