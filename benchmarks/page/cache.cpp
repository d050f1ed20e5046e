// What a browser keeps of a model: the next load needs no byte of the network.

#include <chrono>
#include <string>
#include <webpool/testing/statistics.hpp>

#include "page.hpp"

namespace page {

void measure_model_cache(const Settings& settings, comparison::Report& report) {
  comparison::Table table("Load of the text encoder (7 MiB, WASM), ms (medians)",
                          {"", "from the browser's cache", "from the pool", "pool / cache"});
  for (const auto kind : browsers()) {
    auto uncached = one(kind);
    uncached.browser_options[kind].model_cache_bytes = 0;
    webpool::ResourcePool<> with(one(kind)), without(uncached);
    const auto load = [&](webpool::ResourcePool<>& pool) {
      const auto start = std::chrono::steady_clock::now();
      pool.load(settings.models / "text" / "encoder.onnx", {.backends = {webpool::Backend::wasm}});
      return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    };
    load(with), load(without);  // the first one fetches, whatever it may keep
    std::vector<double> cached, fetched;
    for (int i = 0; i < (settings.quick ? 3 : 7); ++i) {
      cached.push_back(load(with));
      fetched.push_back(load(without));
    }
    const double ours = webpool::testing::quantile(cached, 0.5), theirs = webpool::testing::quantile(fetched, 0.5);
    const std::string name(to_string(kind));
    table.add({name, comparison::text(ours), comparison::text(theirs), comparison::text(theirs / ours, 2)});
    report.add("model_cache/" + name + "/pool_over_cache", theirs / ours, "x");
    report.at_least("model_cache/" + name + "/hits", static_cast<double>(with.metrics().model_cache_hits), "loads",
                    static_cast<double>(cached.size()));
  }
  table.print(std::cout);
}

}  // namespace page
