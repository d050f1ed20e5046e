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
#include <webpool/options.hpp>
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
/// one kind when browser, version and adapter are the same. It holds for those backends and sizes that were compared.
class FastestWays {
 public:
  /// Null where nothing is known, and for options that ask for no comparison.
  const FastestWay* find(const std::string& sha256, const ModelOptions& options, const BrowserInfo& browser) const {
    if (!options.fastest) return nullptr;
    const auto known = ways_.find(key(sha256, options, browser));
    return known == ways_.end() ? nullptr : &known->second;
  }

  void learn(const std::string& sha256, const ModelOptions& options, const BrowserInfo& browser, FastestWay way) {
    ways_.insert_or_assign(key(sha256, options, browser), std::move(way));
  }

 private:
  static std::string key(const std::string& sha256, const ModelOptions& options, const BrowserInfo& browser) {
    std::ostringstream text;
    text << sha256 << browser;
    for (const Backend backend : options.backends) text << '\n' << backend;
    for (const auto& [name, value] : options.free_dimensions) text << '\n' << name << '=' << value;
    return std::move(text).str();
  }

  std::unordered_map<std::string, FastestWay> ways_;
};

}  // namespace webpool::driver
