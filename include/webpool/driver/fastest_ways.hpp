#pragma once

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/outputs.hpp>

namespace webpool::driver {

/// The way of running a model that a comparison in a tab found fastest (`ModelOptions::fastest`).
struct FastestWay {
  Backend backend = Backend::wasm;
  std::optional<WebnnDevice> device{};
  std::optional<std::uint64_t> variant{};     ///< of a kernel
  std::vector<BackendFailure> passed_over{};  ///< the others, with their times
};

/// What comparisons found, by model and kind of tab, so that one of each kind is made while the pool lives. Tabs are of
/// one kind when browser, version and adapter are the same.
class FastestWays {
 public:
  const FastestWay* find(const std::string& sha256, const BrowserInfo& browser) const {
    const auto known = ways_.find(key(sha256, browser));
    return known == ways_.end() ? nullptr : &known->second;
  }

  void learn(const std::string& sha256, const BrowserInfo& browser, FastestWay way) {
    ways_.insert_or_assign(key(sha256, browser), std::move(way));
  }

 private:
  static std::string key(const std::string& sha256, const BrowserInfo& browser) {
    std::ostringstream text;
    text << sha256 << browser;
    return std::move(text).str();
  }

  std::unordered_map<std::string, FastestWay> ways_;
};

}  // namespace webpool::driver
