// A host that is killed while its browsers compute.

#include "support.hpp"

using namespace webpool::browser;
using namespace std::chrono_literals;

namespace {

/// Running processes, of anybody, that write to a folder below that one.
std::string processes_in(const std::filesystem::path& folder) {
  std::string found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    const std::string environment = support::contents(entry.path() / "environ");
    const std::string command = support::contents(entry.path() / "cmdline");
    if (support::contains(environment + command, (folder / "webpool-").string()))
      found += name + ' ' + command.substr(0, 200) + '\n';
  }
  return found;
}

}  // namespace

TEST_CASE("a host killed under load leaves no browser and no folder", "[browser]") {
  support::Scripts elsewhere;
  const support::Variable variable("TMPDIR", elsewhere.folder().string());
  auto [ours, theirs] = connected_pair();
  const Descriptor nothing(::open("/dev/null", O_RDWR));
  const pid_t host = spawn({.arguments = {WEBPOOL_HOST_UNDER_LOAD, support::digits_file.string()},
                            .environment = own_environment(),
                            .directory = "/",
                            .descriptors = {nothing.get(), theirs.get(), nothing.get()}})
                         .value();
  theirs.close();
  std::string line;
  for (char byte = 0; byte != '\n' && ::read(ours.get(), &byte, 1) == 1;) line += byte;
  CHECK(line == "2 browsers are busy\n");
  CHECK(support::browser_folders(elsewhere.folder()) == 2);
  CHECK(processes_in(elsewhere.folder()) != "");

  REQUIRE(::kill(host, SIGKILL) == 0);
  CHECK(WTERMSIG(collect(host)) == SIGKILL);
  support::within(5s, [&] {
    return processes_in(elsewhere.folder()).empty() && support::browser_folders(elsewhere.folder()) == 0;
  });
  CHECK(processes_in(elsewhere.folder()) == "");
  CHECK(support::browser_folders(elsewhere.folder()) == 0);
}
