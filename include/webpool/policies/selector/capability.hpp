#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/policies/selector/sample.hpp>

namespace webpool::selector {

/// Scores what each tab reported about itself when it joined, and takes the best score per request that the tab has:
///
///     score = 100 · (hardware WebGPU adapter) + 10 · (software one)
///           + 15 · shader-f16 + 10 · subgroups                           (hardware only: they double its arithmetic)
///           + 40 · npu, else 25 · gpu, else 15 · cpu                     (WebNN contexts that can be made)
///           + 2 · min(cores, 16) · (WASM threads ? 1 : 1/4)
///           + 2 · min(memory in GiB, 8)
///     taken: the largest score / (1 + requests in flight)
///
/// The weights order devices as their vendors' figures do; they are not fitted to any data. A software adapter counts
/// little, because WASM nearly always beats it. Use it for the first requests of a mix of devices, when there is no
/// history yet. `Learned` overtakes it after a few requests per tab.
class Capability {
 public:
  std::optional<ConnectionIndex> select(const PoolView& pool, const Request&) noexcept {
    const Sample sample(pool, draw_);
    return std::ranges::max(sample.tabs(), {}, [&](ConnectionIndex tab) {
      return score(pool, tab) / (1 + static_cast<double>(pool[tab].in_flight));
    });
  }

  static double score(const BrowserInfo& browser) noexcept {
    double sum = 0;
    if (browser.webgpu && browser.webgpu->software.value_or(false)) {
      sum += 10;
    } else if (browser.webgpu) {
      sum += 100;
      if (has(*browser.webgpu, "shader-f16")) sum += 15;
      if (has(*browser.webgpu, "subgroups")) sum += 10;
    }
    const auto can = [&](WebnnDevice device) {
      const auto found = browser.webnn.find(device);
      return found != browser.webnn.end() && found->second.empty();
    };
    sum += can(WebnnDevice::npu) ? 40 : can(WebnnDevice::gpu) ? 25 : can(WebnnDevice::cpu) ? 15 : 0;
    sum += 2.0 * std::min(browser.hardware_concurrency, 16u) * (browser.wasm_threads ? 1 : 0.25);
    return sum + 2 * std::clamp(browser.device_memory_gib.value_or(0), 0.0, 8.0);
  }

 private:
  struct Known {
    TimePoint joined;
    double score = 0;
  };

  static bool has(const AdapterInfo& adapter, std::string_view feature) noexcept {
    return std::ranges::find(adapter.features, feature) != adapter.features.end();
  }

  /// Computed once per tab: the maps and names in `BrowserInfo` are too slow for every decision.
  double score(const PoolView& pool, ConnectionIndex tab) noexcept {
    if (tab.value >= known_.size()) known_.resize(pool.slots());
    Known& known = known_[tab.value];
    if (known.score == 0 || known.joined != pool[tab].joined) known = {pool[tab].joined, score(pool[tab].browser) + 1};
    return known.score;
  }

  std::vector<Known> known_;  // by connection
  Draw draw_;
};

static_assert(BrowserSelector<Capability>);

}  // namespace webpool::selector
