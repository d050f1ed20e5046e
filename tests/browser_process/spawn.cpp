#include <webpool/browser/spawn.hpp>

#include "support.hpp"

using namespace webpool;
using namespace webpool::browser;

namespace {

/// Runs a line of shell with its output going to a file, and returns that output.
std::string output_of(const std::string& line, std::vector<int> more = {}) {
  support::Scripts scripts;
  const auto file = scripts.folder() / "output";
  const Descriptor nothing(::open("/dev/null", O_RDWR)), output(::open(file.c_str(), O_WRONLY | O_CREAT, 0600));
  SpawnSpec spec{.arguments = {"/bin/sh", "-c", line},
                 .environment = {"PATH=/usr/bin:/bin", "NAME=value"},
                 .directory = "/",
                 .descriptors = {nothing.get(), output.get(), output.get()}};
  spec.descriptors.insert(spec.descriptors.end(), more.begin(), more.end());
  const pid_t child = spawn(spec).value();
  CHECK(WEXITSTATUS(collect(child)) == 0);
  return support::contents(file);
}

}  // namespace

TEST_CASE("a program gets the environment, folder and group that were named") {
  CHECK(output_of("echo $NAME $HOME; pwd") == "value\n/\n");
  const pid_t child = spawn({.arguments = {"/bin/sh", "-c", "sleep 60"}, .directory = "/"}).value();
  CHECK(::getpgid(child) == child);
  ::kill(-child, SIGKILL);
  CHECK(WTERMSIG(collect(child)) == SIGKILL);
  CHECK(collect(child) == -1);
}

TEST_CASE("no descriptor of the host gets into a program by accident") {
  const int open_to_all = ::fcntl(STDIN_FILENO, F_DUPFD, 50);  // not close-on-exec, as many libraries leave theirs
  REQUIRE(open_to_all >= 50);
  const Descriptor named(::open("/dev/null", O_RDONLY));
  CHECK(output_of("for i in 3 4 5 6 7 8 9 " + std::to_string(open_to_all) + " " + std::to_string(named.get()) +
                      "; do [ -e /dev/fd/$i ] && echo $i; done; true",
                  {named.get()}) == "3\n");
  ::close(open_to_all);
}

TEST_CASE("signals that the host ignores or blocks work in the program") {
  const auto before = ::signal(SIGTERM, SIG_IGN);
  CHECK(output_of("sh -c 'kill -TERM $$; echo survived'; true").find("survived") == std::string::npos);
  ::signal(SIGTERM, before);
}

TEST_CASE("a program that can't start is an error with its path and the reason") {
  const auto absent = spawn({.arguments = {"/nonexistent/browser"}, .directory = "/"});
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code() == errc::launch_failed);
  CHECK(absent.error().message() == "/nonexistent/browser: No such file or directory");
  CHECK(spawn({.arguments = {"/dev/null"}, .directory = "/"}).error().message() == "/dev/null: Permission denied");
}
