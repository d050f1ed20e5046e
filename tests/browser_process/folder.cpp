#include <webpool/browser/folder.hpp>

#include <algorithm>

#include "support.hpp"

using namespace webpool;
using namespace webpool::browser;

namespace {

bool has(const std::vector<std::string>& variables, const std::string& variable) {
  return std::find(variables.begin(), variables.end(), variable) != variables.end();
}

}  // namespace

TEST_CASE("a folder goes with its object, and a moved one once") {
  std::filesystem::path path;
  {
    Folder folder = std::move(Folder::make().value());
    path = folder.path();
    CHECK(path.filename().string().starts_with("webpool-"));
    CHECK((std::filesystem::status(path / "run").permissions() & std::filesystem::perms::all) ==
          std::filesystem::perms::owner_all);
    std::ofstream(path / "profile" / "file") << "text";
    const Folder other = std::move(folder);
    CHECK(folder.path().empty());
    CHECK(std::filesystem::exists(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a temporary folder too long for sockets gives way to /tmp") {
  support::Scripts scripts;
  const auto deep = scripts.folder() / std::string(40, 'x');
  std::filesystem::create_directory(deep);
  const support::Variable variable("TMPDIR", deep.string());
  const Folder folder = std::move(Folder::make().value());
  CHECK(folder.path().parent_path() == "/tmp");
}

TEST_CASE("a browser's environment points into its folder") {
  const std::vector<std::string> inherited{"PATH=/bin",         "HOME=/users/me",
                                           "HOMEPAGE=x",        "XDG_RUNTIME_DIR=/run/user/1",
                                           "TMPDIR=/elsewhere", "DBUS_SESSION_BUS_ADDRESS=unix:path=/bus"};
  const auto headless = environment(inherited, "/f", true);
  for (const char* expected : {"PATH=/bin", "HOMEPAGE=x", "HOME=/f/home", "TMPDIR=/f/tmp", "XDG_RUNTIME_DIR=/f/run",
                               "XDG_CACHE_HOME=/f/home/.cache", "DBUS_SESSION_BUS_ADDRESS=disabled:"})
    CHECK(has(headless, expected));
  CHECK_FALSE(has(headless, "HOME=/users/me"));
  CHECK_FALSE(has(headless, "TMPDIR=/elsewhere"));

  const auto windowed = environment(inherited, "/f", false);
  for (const char* expected : {"HOME=/f/home", "XDG_RUNTIME_DIR=/run/user/1", "DBUS_SESSION_BUS_ADDRESS=unix:path=/bus",
                               "XAUTHORITY=/users/me/.Xauthority"})
    CHECK(has(windowed, expected));
  CHECK(has(environment({}, "/f", false), "DBUS_SESSION_BUS_ADDRESS=disabled:"));
}
