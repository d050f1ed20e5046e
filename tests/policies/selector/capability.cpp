#include <webpool/policies/selector/capability.hpp>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace webpool;
using selector::Capability;

namespace {
BrowserInfo with_adapter(bool software, std::vector<std::string> features = {}) {
  BrowserInfo browser;
  browser.webgpu.emplace();
  browser.webgpu->software = software;
  browser.webgpu->features = std::move(features);
  return browser;
}
}  // namespace

TEST_CASE("a hardware adapter outscores everything that a software one comes with") {
  BrowserInfo software = with_adapter(true, {"shader-f16", "subgroups"});
  software.webnn[WebnnDevice::cpu] = "";
  software.hardware_concurrency = 16;
  software.wasm_threads = true;
  CHECK(Capability::score(with_adapter(false)) > Capability::score(software));
  CHECK(Capability::score(with_adapter(false, {"shader-f16"})) > Capability::score(with_adapter(false)));
  CHECK(Capability::score(with_adapter(true)) == Capability::score(with_adapter(true, {"shader-f16"})));
}

TEST_CASE("a WebNN device counts when a context can be made") {
  BrowserInfo npu, refused;
  npu.webnn[WebnnDevice::npu] = "";
  refused.webnn[WebnnDevice::npu] = "NotSupportedError: no npu here";
  CHECK(Capability::score(npu) == 40);
  CHECK(Capability::score(refused) == 0);
}

TEST_CASE("figures without sense don't make a tab the best") {
  BrowserInfo braggart;
  braggart.hardware_concurrency = 1'000'000;
  braggart.device_memory_gib = 1e30;
  CHECK(Capability::score(braggart) < Capability::score(with_adapter(false)));
  braggart.device_memory_gib = -5;
  CHECK(Capability::score(braggart) >= 0);
}

TEST_CASE("Capability takes the best tab, and the next one while that is busy enough") {
  rig::Tabs tabs(2);
  tabs.states[1].browser = with_adapter(false);
  tabs.states[0].browser = with_adapter(true);
  tabs.states[0].browser.hardware_concurrency = 16;
  tabs.states[0].browser.wasm_threads = true;
  Capability selector;
  CHECK(selector.select(tabs.view(), {}) == ConnectionIndex{1});
  tabs.states[1].in_flight = 2;
  CHECK(selector.select(tabs.view(1, 9), {}) == ConnectionIndex{0});
}

TEST_CASE("a new tab in an old one's place gets a score of its own") {
  rig::Tabs tabs(2);
  tabs.states[0].browser = with_adapter(false);
  Capability selector;
  CHECK(selector.select(tabs.view(), {}) == ConnectionIndex{0});
  tabs.states[0] = {.browser = {}, .joined = TimePoint(std::chrono::seconds(9))};
  tabs.states[1].browser = with_adapter(true);
  tabs.states[1].joined = TimePoint(std::chrono::seconds(9));
  CHECK(selector.select(tabs.view(), {}) == ConnectionIndex{1});
}
