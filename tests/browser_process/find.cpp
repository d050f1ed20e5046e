#include <webpool/browser/find.hpp>

#include "support.hpp"

using namespace webpool;
using namespace webpool::browser;
using namespace std::chrono_literals;

TEST_CASE("each browser that can be launched has its places and a sentence on installing it") {
  for (const Places& entry : places) {
    CAPTURE(to_string(entry.browser));
    CHECK(places_of(entry.browser) == &entry);
    CHECK(std::string_view(entry.variable).starts_with("WEBPOOL_"));
    CHECK_FALSE(entry.names.empty());
    CHECK(how_to_install(entry.browser).find(entry.variable) != std::string_view::npos);
  }
  CHECK(places_of(Browser::safari) == nullptr);
  CHECK(how_to_install(Browser::safari).find("join URL") != std::string_view::npos);
  CHECK(find(Browser::safari) == std::nullopt);
}

TEST_CASE("the option comes before the variable, the variable before PATH") {
  support::Scripts scripts;
  const auto optional = scripts.add("mine", ""), variable = scripts.add("theirs", ""),
             on_path = scripts.add("firefox", "");
  const support::Variable path("PATH", "/nonexistent:" + scripts.folder().string());
  const support::Variable unset("WEBPOOL_FIREFOX", "");
  CHECK(find(Browser::firefox)->executable == on_path);
  const support::Variable set("WEBPOOL_FIREFOX", variable.string());
  CHECK(find(Browser::firefox)->executable == variable);
  BrowserOptions options;
  options.executable = optional;
  CHECK(find(Browser::firefox, options)->executable == optional);
  CHECK(find(Browser::firefox, options)->browser == Browser::firefox);
  options.executable = "mine";
  CHECK(find(Browser::firefox, options)->executable == optional);
}

TEST_CASE("a wrong setting is an error that names it, never passed over") {
  support::Scripts scripts;
  const auto plain = scripts.folder() / "plain";
  std::ofstream(plain) << "not executable";
  const auto message = [](Browser browser, const BrowserOptions& options = {}) -> std::string {
    try {
      find(browser, options);
    } catch (const Error& error) {
      CHECK(error.code() == errc::no_browser_found);
      return error.message();
    }
    return "no error";
  };
  BrowserOptions options;
  options.executable = "/nonexistent/browser";
  CHECK(message(Browser::chrome, options) ==
        "the option `executable` of chrome names \"/nonexistent/browser\", which is not an executable file");
  const support::Variable variable("WEBPOOL_EDGE", plain.string());
  CHECK(message(Browser::edge) ==
        "the environment variable WEBPOOL_EDGE names \"" + plain.string() + "\", which is not an executable file");
  CHECK_THROWS_AS(find_installed(), Error);
  options.executable = scripts.folder();
  CHECK(message(Browser::chrome, options).find("not an executable file") != std::string::npos);
}

TEST_CASE("find_installed uses each browser's own options") {
  support::Scripts scripts;
  std::map<Browser, BrowserOptions> options;
  options[Browser::edge].executable = scripts.add("some-edge", "");
  bool there = false;
  for (const Installed& installed : find_installed(options))
    there |= installed.executable == options[Browser::edge].executable;
  CHECK(there);
}
