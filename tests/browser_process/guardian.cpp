#include <webpool/browser/guardian.hpp>

#include "support.hpp"

using namespace webpool::browser;
using namespace std::chrono_literals;

namespace {

/// A host program with one browser.
class Host : public support::HostProgram {
 public:
  Host(const Installed& installed, const std::string& ending, const std::string& url = "about:blank")
      : HostProgram({WEBPOOL_LAUNCH_AND_HANG, std::string(webpool::to_string(installed.browser)),
                     installed.executable.string(), ending, url}) {
    std::istringstream(line()) >> browser_id >> folder;
    REQUIRE(browser_id > 0);
  }

  /// What is left when killed processes have had the time to vanish; empty when all is well.
  std::string remains(std::chrono::milliseconds time = 10s) const {
    support::within(time, [&] { return support::remains(folder, browser_id).empty(); });
    return support::remains(folder, browser_id);
  }

  pid_t browser_id = 0;
  std::string folder;
};

void check_every_ending(const Installed& installed, bool with_page) {
  CAPTURE(installed.executable.string());
  for (const int signal : {SIGKILL, SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    const support::Page page;
    Host host(installed, "hang", page.url());
    if (with_page) CHECK(page.visited());
    CHECK(std::filesystem::exists(host.folder));
    CHECK(WTERMSIG(host.end(signal)) == signal);
    CHECK(host.remains() == "");
  }
  Host throws(installed, "throw");
  CHECK(WTERMSIG(throws.end(0)) == SIGABRT);
  CHECK(throws.remains() == "");
  Host returns(installed, "return");
  CHECK(WEXITSTATUS(returns.end(0)) == 0);
  CHECK_FALSE(std::filesystem::exists(returns.folder));
  CHECK(returns.remains(1s) == "");
}

}  // namespace

TEST_CASE("a guardian without a browser removes the folder when the lifeline ends") {
  Folder folder = std::move(Folder::make().value());
  Guardian guardian = std::move(Guardian::start(folder.path()).value());
  const pid_t id = guardian.id();
  {
    const int lifeline = ::dup(guardian.lifeline());
    guardian.dismiss();
    CHECK(::kill(id, 0) == -1);  // collected
    ::close(lifeline);
  }
  CHECK(std::filesystem::exists(folder.path()));
}

TEST_CASE("a guardian outlives the terminal's signals and its own death harms nobody") {
  const Folder folder = std::move(Folder::make().value());
  Guardian guardian = std::move(Guardian::start(folder.path()).value());
  std::this_thread::sleep_for(200ms);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::kill(guardian.id(), signal);
  std::this_thread::sleep_for(200ms);
  CHECK(::waitpid(guardian.id(), nullptr, WNOHANG) == 0);
  ::kill(guardian.id(), SIGKILL);
  std::this_thread::sleep_for(100ms);
  guardian.forget_group();  // to a reader that is gone: no SIGPIPE
  guardian.dismiss();
  CHECK_FALSE(guardian);
}

TEST_CASE("nothing is left of a stand-in browser however its host ends") {
  support::Scripts scripts;
  check_every_ending({webpool::Browser::firefox, scripts.add("plain", "sleep 300 &\nsleep 300\n")}, false);
}

TEST_CASE("nothing is left of a stubborn browser whose host is killed") {
  support::Scripts scripts;
  const auto stubborn =
      scripts.add("stubborn", "trap '' TERM HUP\n(trap '' TERM HUP; sleep 300) &\nwhile true; do sleep 1; done\n");
  Host host({webpool::Browser::firefox, stubborn}, "hang");
  host.end(SIGKILL);
  CHECK(host.remains() == "");
}

TEST_CASE("nothing is left of a browser however its host ends", "[browser]") {
  for (const Installed& installed : support::browsers()) check_every_ending(installed, true);
}
