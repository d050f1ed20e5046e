// The number of WebAssembly threads, measured by each browser for the model at hand.

#include <set>

#include "support.hpp"

using namespace webpool;
using support::BrowserPool;
using support::contains;

TEST_CASE("a browser that may choose the number of threads measures once per model, and says what it passed over",
          "[browser]") {
  using support::kinds;
  PoolOptions options = support::one_of_each(kinds);
  for (const Browser kind : kinds) options.browser_options[kind].wasm_threads = 0;
  const auto right = support::native(support::encoder_file, "pooled", {support::sentence(4)}).at(0);
  BrowserPool pool(options);
  REQUIRE(support::joined(pool, kinds.size()));
  for (const ConnectionInfo& tab : pool.connections()) {
    CAPTURE(tab.browser.browser, tab.browser.hardware_concurrency);
    REQUIRE(tab.browser.cross_origin_isolated);
    std::set<std::string> said;
    for (int load = 0; load < 2; ++load) {
      const Model model =
          pool.load(support::encoder_file, {.backends = {Backend::wasm}, .browsers = {tab.browser.browser}});
      const Outputs outputs = model(support::sentence(4));
      CHECK(support::difference(support::values(outputs, "pooled"), right) < support::tolerance(Backend::wasm));
      const auto& passed_over = outputs.where().passed_over;
      REQUIRE(passed_over.size() == (tab.browser.hardware_concurrency > 1 ? 1 : 0));
      if (passed_over.empty()) continue;
      CHECK(contains(passed_over[0].message, "slower: a run on made-up inputs takes "));
      said.insert(passed_over[0].message);  // two measurements would differ
    }
    CHECK(said.size() <= 1);
  }
}
