#include <webpool/browser/firefox.hpp>

#include <set>

#include "support.hpp"

using namespace webpool;
using namespace webpool::browser;

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("user.js has each preference once, one to a line") {
  const std::string text = firefox::user_js({});
  std::set<std::string> names;
  std::istringstream lines(text);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    CHECK(line.starts_with("user_pref(\""));
    CHECK(line.ends_with(");"));
    names.insert(line.substr(0, line.find(',')));
  }
  CHECK(names.size() == count);
  CHECK(count == firefox::prefs.size() + firefox::webgpu_prefs.size());
}

TEST_CASE("WebGPU is on, in workers too, unless the options pass it over") {
  BrowserOptions options;
  CHECK(has_line(firefox::user_js(options), "user_pref(\"dom.webgpu.enabled\", true);"));
  CHECK(has_line(firefox::user_js(options), "user_pref(\"dom.webgpu.workers.enabled\", true);"));
  CHECK(has_line(firefox::user_js(options), "user_pref(\"gfx.webgpu.ignore-blocklist\", true);"));
  options.compute_shaders = false;
  CHECK(has_line(firefox::user_js(options), "user_pref(\"dom.webgpu.enabled\", false);"));
}

TEST_CASE("the options' preferences replace ours") {
  BrowserOptions options;
  options.prefs = {{"dom.max_script_run_time", "10"}, {"general.useragent.override", "\"mine\""}};
  const std::string text = firefox::user_js(options);
  CHECK(has_line(text, "user_pref(\"dom.max_script_run_time\", 10);"));
  CHECK_FALSE(has_line(text, "user_pref(\"dom.max_script_run_time\", 0);"));
  CHECK(has_line(text, "user_pref(\"general.useragent.override\", \"mine\");"));
}

TEST_CASE("the Firefox command line") {
  LaunchSpec spec{
      .installed = {Browser::firefox, "/usr/bin/firefox"}, .url = "http://127.0.0.1/", .headless = true, .options = {}};
  spec.options.flags = {"--mine"};
  using Line = std::vector<std::string>;
  CHECK(firefox::command_line(spec, "/p") == Line{"/usr/bin/firefox", "--no-remote", "--new-instance", "--profile",
                                                  "/p", "--remote-debugging-port=0", "--headless", "--mine",
                                                  "http://127.0.0.1/"});
  spec.headless = false;
  CHECK(firefox::command_line(spec, "/p") == Line{"/usr/bin/firefox", "--no-remote", "--new-instance", "--profile",
                                                  "/p", "--remote-debugging-port=0", "--mine", "http://127.0.0.1/"});
}
