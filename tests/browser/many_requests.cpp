// Many requests at once, and many in a row.

#include <barrier>
#include <set>

#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;

namespace {

constexpr std::size_t mebibyte = 1u << 20;

}  // namespace

TEST_CASE("64 requests in flight from 8 threads over 3 browsers get their own replies", "[browser]") {
  constexpr std::size_t threads = 8, per_thread = 8, count = threads * per_thread;
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox, Browser::headless_shell}));
  REQUIRE(support::joined(pool, 3));
  const Model encoder = pool.load(support::encoder_file, {.backends = {Backend::wasm}, .replicas = 3});
  REQUIRE(pool.metrics().workers == 3);

  std::vector<std::vector<float>> expected;
  for (std::size_t i = 0; i < count; ++i) expected.push_back(support::values(encoder(support::sentence(i)), "pooled"));
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < i; ++j)
      REQUIRE(support::difference(expected[i], expected[j]) > 100 * support::tolerance(Backend::wasm));

  std::vector<std::future<Outputs>> replies(count);
  std::barrier together(threads);
  std::vector<std::thread> callers;
  for (std::size_t thread = 0; thread < threads; ++thread)
    callers.emplace_back([&, thread] {
      together.arrive_and_wait();
      for (std::size_t i = 0; i < per_thread; ++i) {
        const std::size_t mine = i * threads + thread;
        replies[mine] = encoder.async_run(support::sentence(mine), asio::use_future);
      }
    });
  for (auto& caller : callers) caller.join();
  const Metrics meanwhile = pool.metrics();
  CHECK(meanwhile.submitted == 2 * count);
  CHECK(meanwhile.queued + meanwhile.in_flight > 3 * ConnectionSettings{}.requests_in_flight);

  std::set<Browser> took_part;
  for (std::size_t i = 0; i < count; ++i) {
    CAPTURE(i);
    const Outputs reply = replies[i].get();
    CHECK(support::difference(support::values(reply, "pooled"), expected[i]) <= support::tolerance(Backend::wasm));
    took_part.insert(reply.where().browser.browser);
  }
  CHECK(took_part == std::set{Browser::chromium, Browser::firefox, Browser::headless_shell});

  const Metrics after = pool.metrics();
  CHECK(after.completed == 2 * count);
  CHECK(after.failed + after.cancelled + after.expired + after.late_replies + after.losses == 0);
  std::uint64_t counted = 0;
  for (const auto& row : pool.execution_stats()) {
    counted += row.completed;
    CHECK(row.p50_ms > 0);
    CHECK(row.p95_ms >= row.p50_ms);
  }
  CHECK(counted == 2 * count);
}

TEST_CASE("a thousand requests in a row leave the memory of host and browser as it was", "[browser]") {
  // 16 pictures are 49 KiB: a copy kept per request would be 44 MiB after 900. Garbage that a browser has not collected
  // yet may be there at either moment, so its tolerance is larger, and the smallest of some readings counts.
  constexpr std::size_t host_tolerance = 8 * mebibyte, browser_tolerance = 24 * mebibyte;
  BrowserPool pool(support::one_of_each({Browser::chromium}));
  const Model model = pool.load(support::digits_file, {.backends = {Backend::wasm}});
  std::vector<float> pixels;
  for (int i = 0; i < 16; ++i) {
    const auto inputs = support::picture(i % 10);
    std::ranges::copy(inputs[0].tensor.as<float>(), std::back_inserter(pixels));
  }
  const Inputs inputs{{"image", Tensor::from(std::move(pixels), {16, 1, 28, 28})}};
  const auto expected = support::values(model(inputs), "probabilities");
  const auto run = [&](int times) {
    for (int i = 0; i < times; ++i)
      if (support::difference(support::values(model(inputs), "probabilities"), expected) != 0) return false;
    return true;
  };
  const auto settled_browser = [] {
    std::size_t least = support::browser_bytes();
    for (int reading = 0; reading < 20; ++reading) {
      std::this_thread::sleep_for(100ms);
      least = std::min(least, support::browser_bytes());
    }
    return least;
  };

  REQUIRE(run(100));
  const std::size_t host = support::resident_bytes(), browser = settled_browser();
  REQUIRE(run(900));
  const std::size_t host_after = support::resident_bytes(), browser_after = settled_browser();
  CAPTURE(host, host_after, browser, browser_after);
  REQUIRE(host > 0);
  REQUIRE(browser > 0);
  CHECK(host_after <= host + host_tolerance);
  CHECK(browser_after <= browser + browser_tolerance);

  const Metrics metrics = pool.metrics();
  CHECK(metrics.completed == 1001);
  CHECK(metrics.submitted == 1001);
  CHECK(metrics.connections == 1);
  CHECK(metrics.workers == 1);
  CHECK(metrics.loads == 1);
  CHECK(metrics.launches == 1);
  CHECK(metrics.queued + metrics.in_flight == 0);
}
