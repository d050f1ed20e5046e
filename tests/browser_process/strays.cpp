#include <webpool/browser/spawn.hpp>
#include <webpool/browser/strays.hpp>

#include "support.hpp"

using namespace webpool::browser;
using namespace std::chrono_literals;

#if defined(__linux__)
TEST_CASE("a process is a stray by its temporary folder, and ends when told") {
  support::Scripts scripts;
  const Descriptor nothing(::open("/dev/null", O_RDWR));
  const auto child = spawn({
      .arguments = {"/bin/sleep", "60"},
      .environment = {"TMPDIR=" + (scripts.folder() / "tmp").string()},
      .directory = "/",
      .descriptors = {nothing.get(), nothing.get(), nothing.get()},
  });
  REQUIRE(child.has_value());
  CHECK(support::within(5s, [&] { return strays(scripts.folder()) == std::vector<pid_t>{*child}; }));
  CHECK(strays(scripts.folder() / "other").empty());
  end_strays(scripts.folder());
  const int status = collect(*child);
  CHECK(WIFSIGNALED(status));
  CHECK(strays(scripts.folder()).empty());
}
#endif
