// A host that is killed while its browsers compute.

#include "support.hpp"

using namespace webpool::browser;
using namespace std::chrono_literals;

namespace {

/// Running processes, of anybody, that write to a folder below that one.
std::string processes_in(const std::filesystem::path& folder) {
  std::string found;
  for (const support::Process& process : support::processes())
    if (process.names((folder / "webpool-").string()))
      found += std::to_string(process.id) + ' ' + process.command() + '\n';
  return found;
}

}  // namespace

TEST_CASE("a host killed under load leaves no browser and no folder", "[browser]") {
  support::Scripts elsewhere;
  const support::Variable variable("TMPDIR", elsewhere.folder().string());
  support::HostProgram host({WEBPOOL_HOST_UNDER_LOAD, support::digits_file.string()});
  CHECK(host.line() == "2 browsers are busy\n");
  CHECK(support::browser_folders(elsewhere.folder()) == 2);
  CHECK(processes_in(elsewhere.folder()) != "");

  CHECK(WTERMSIG(host.end(SIGKILL)) == SIGKILL);
  support::within(5s, [&] {
    return processes_in(elsewhere.folder()).empty() && support::browser_folders(elsewhere.folder()) == 0;
  });
  CHECK(processes_in(elsewhere.folder()) == "");
  CHECK(support::browser_folders(elsewhere.folder()) == 0);
}
