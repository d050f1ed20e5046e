#include <webpool/engine/sentences.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::engine;
using namespace std::chrono_literals;

TEST_CASE("sentences name what they are about") {
  CHECK(quoted(ModelRow({.name = "digits", .browsers = {}}, {}, 1)) == "model 'digits'");
  BrowserInfo browser;
  browser.browser = Browser::firefox;
  CHECK(described(browser) == "firefox");
  browser.version = "153.7";
  CHECK(described(browser) == "firefox 153.7");
  CHECK(seconds(120'000ms) == "120 s");
  CHECK(seconds(1'500ms) == "1.5 s");
  CHECK(listed({}, "none") == "none");
  constexpr Browser kinds[] = {Browser::chromium, Browser::edge};
  CHECK(listed(kinds, "none") == "chromium, edge");
}

TEST_CASE("several reasons make one error, with their code when they agree") {
  const Error lost(errc::device_lost, "GPU reset");
  CHECK(prefixed("firefox", lost).message() == "firefox: GPU reset");
  CHECK(prefixed("firefox", lost).code() == errc::device_lost);
  CHECK(combined("no", {lost, lost}).code() == errc::device_lost);
  const Error mixed = combined("no", {lost, Error(errc::launch_failed, "exit 1")});
  CHECK(mixed.code() == errc::no_backend);
  CHECK(mixed.message() == "no: GPU reset; exit 1");
}
