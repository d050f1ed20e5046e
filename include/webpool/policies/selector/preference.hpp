#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/policies/selector/sample.hpp>

namespace webpool::selector {

/// A fixed table: for each task, the browsers and backends to use, best first. A tab ranks by the first row that fits
/// it. Tabs that no row fits come last, and among equals the one with the fewest requests in flight is taken.
///
/// The default table sends audio to Firefox; vision, text generation and multimodal models to Chrome and Chromium; text
/// embedding to WebNN, which Edge has. It is a prior that nobody measured. On the machine where this was written, WebNN
/// beat WebGPU by fifty times, and Firefox's WebGPU beat Chromium's by seven, all on software adapters. Use this policy
/// to state what you know better than any measurement; otherwise use `Learned`.
class Preference {
 public:
  struct Row {
    Task task;
    std::optional<Browser> browser{};  ///< empty: any
    std::optional<Backend> backend{};  ///< empty: any
  };

  Preference() : Preference(predecessor()) {}
  explicit Preference(std::vector<Row> rows) noexcept : rows_(std::move(rows)) {}

  static std::vector<Row> predecessor() {
    std::vector<Row> rows{{Task::audio, Browser::firefox}};
    for (const Task task : {Task::vision, Task::text_generation, Task::multimodal})
      for (const Browser browser : {Browser::chrome, Browser::chromium, Browser::headless_shell})
        rows.push_back({task, browser});
    rows.push_back({Task::text_embedding, {}, Backend::webnn});
    rows.push_back({Task::text_embedding, Browser::edge});
    return rows;
  }

  std::optional<ConnectionIndex> select(const PoolView& pool, const Request& request) noexcept {
    const Sample sample(pool, draw_);
    return std::ranges::min(sample.tabs(), {}, [&](ConnectionIndex tab) {
      return std::pair(rank(request.task, pool[tab].browser.browser, pool.backend(tab)), pool[tab].in_flight);
    });
  }

 private:
  std::size_t rank(Task task, Browser browser, std::optional<Backend> backend) const noexcept {
    const auto fits = [&](const Row& row) {
      return row.task == task && (!row.browser || row.browser == browser) &&
             (!row.backend || !backend || row.backend == backend);
    };
    return static_cast<std::size_t>(std::ranges::find_if(rows_, fits) - rows_.begin());
  }

  std::vector<Row> rows_;
  Draw draw_;
};

static_assert(BrowserSelector<Preference>);

}  // namespace webpool::selector
