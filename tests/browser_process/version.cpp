#include <webpool/browser/version.hpp>

#include "support.hpp"

using namespace webpool;
using namespace webpool::browser;
using namespace std::chrono_literals;

TEST_CASE("the version is the first line, and a browser that doesn't answer has none") {
  support::Scripts scripts;
  CHECK(version_of({Browser::other, scripts.add("good", "echo Good Browser 1.2 \"$1\" ' '\necho more\n")}) ==
        "Good Browser 1.2 --version");
  CHECK(version_of({Browser::other, scripts.add("mute", "exit 3\n")}).empty());
  CHECK(version_of({Browser::other, scripts.folder() / "absent"}).empty());
  const auto start = std::chrono::steady_clock::now();
  CHECK(version_of({Browser::other, scripts.add("stuck", "sleep 60\n")}, 200ms).empty());
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("every installed browser tells its version", "[browser]") {
  for (const Installed& installed : support::browsers()) {
    CAPTURE(installed.executable.string());
    CHECK(version_of(installed).find_first_of("0123456789") != std::string::npos);
  }
}
