#include <webpool/browser/process.hpp>

#include <optional>
#include <thread>

#include "support.hpp"

using namespace webpool;
using namespace webpool::browser;
using namespace std::chrono_literals;

namespace {

LaunchSpec stand_in(const std::filesystem::path& script, Browser browser = Browser::firefox) {
  return {.installed = {browser, script}, .url = "about:blank", .headless = true, .options = {}};
}

}  // namespace

TEST_CASE("a browser that exits at start leaves its status and last words") {
  support::Scripts scripts;
  Process process = std::move(launch(stand_in(scripts.add("dies", "echo out; echo why >&2; exit 7\n"))).value());
  CHECK(support::within(5s, [&] { return !process.running(); }));
  CHECK(process.exit_description() == "exited with status 7");
  CHECK(process.last_words() == "out\nwhy");
  CHECK_FALSE(process.ask_to_close());
  process.terminate();
  CHECK(process.last_words() == "out\nwhy");
  CHECK(process.exit_description() == "exited with status 7");
}

TEST_CASE("a crash is described by its signal") {
  support::Scripts scripts;
  Process process = std::move(launch(stand_in(scripts.add("crashes", "kill -SEGV $$\n"))).value());
  CHECK(support::within(5s, [&] { return !process.running(); }));
  CHECK(process.exit_description() == "killed by signal 11");
}

TEST_CASE("a browser that can't be started is an error, and nothing is left") {
  support::Scripts scripts;
  const support::Variable variable("TMPDIR", scripts.folder().string());
  const Expected<Process> absent = launch(stand_in("/nonexistent/browser"));
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code() == errc::launch_failed);
  CHECK(absent.error().message() == "/nonexistent/browser: No such file or directory");
  const Expected<Process> safari = launch(stand_in("/bin/sh", Browser::safari));
  REQUIRE_FALSE(safari);
  CHECK(safari.error().message() == "safari can't be launched; it can only join by the pool's link");
  for (const auto& entry : std::filesystem::directory_iterator(scripts.folder()))
    CHECK_FALSE(entry.path().filename().string().starts_with("webpool-"));
}

TEST_CASE("Firefox finds its profile, Chromium its debugging pipe") {
  support::Scripts scripts;
  Process firefox =
      std::move(launch(stand_in(scripts.add("f", "cat profile/user.js; echo \"$@\"; sleep 60\n"))).value());
  CHECK(support::within(5s, [&] { return firefox.last_words().ends_with("--headless about:blank"); }));
  CHECK(support::contents(firefox.folder() / "profile" / "user.js") == firefox::user_js({}));
  CHECK(firefox.sandboxed());

  const auto closes = scripts.add("c", "head -c 34 <&3 | tr -d '\\000'; echo; exit 0\n");
  Process chromium = std::move(launch(stand_in(closes, Browser::chromium)).value());
  CHECK(chromium.sandboxed() == (::geteuid() != 0));
  CHECK(chromium.ask_to_close());
  CHECK(chromium.ask_to_close());
  CHECK(support::within(5s, [&] { return !chromium.running(); }));
  CHECK(chromium.last_words() == "{\"id\":1,\"method\":\"Browser.close\"}");
}

TEST_CASE("a browser that talks on its debugging pipe is not held up") {
  support::Scripts scripts;
  const auto talks = scripts.add("talks", "head -c 4000000 /dev/zero >&4; echo told all; sleep 60\n");
  Process process = std::move(launch(stand_in(talks, Browser::chromium)).value());
  CHECK(support::within(20s, [&] { return process.running() && process.last_words() == "told all"; }));
  process.terminate(0ms);
}

TEST_CASE("a browser that won't close is killed with everything it started") {
  support::Scripts scripts;
  const auto stubborn =
      scripts.add("stubborn", "trap '' TERM\n(trap '' TERM; sleep 300) &\necho ready\nwhile true; do sleep 1; done\n");
  Process process = std::move(launch(stand_in(stubborn)).value());
  const auto folder = process.folder();
  const pid_t id = process.id();
  CHECK(support::within(5s, [&] { return process.last_words() == "ready"; }));
  CHECK(support::remains(folder, id).find("sleep") != std::string::npos);
  const auto start = std::chrono::steady_clock::now();
  process.terminate(200ms);
  CHECK(std::chrono::steady_clock::now() - start < 4s);
  CHECK(process.exit_description() == "killed by signal 9");
  CHECK(support::within(5s, [&] { return support::remains(folder, id).empty(); }));
}

TEST_CASE("what a dead browser leaves in its process group is killed") {
  support::Scripts scripts;
  Process process = std::move(launch(stand_in(scripts.add("leaves", "sleep 300 &\nexit 0\n"))).value());
  const auto folder = process.folder();
  const pid_t id = process.id();
  CHECK(support::within(5s, [&] { return !process.running(); }));
  process.terminate();
  CHECK(support::within(5s, [&] { return support::remains(folder, id).empty(); }));
}

#if defined(__linux__)
TEST_CASE("a browser ends with the thread that launched it") {
  support::Scripts scripts;
  std::optional<Process> process;
  const auto waits = scripts.add("waits", "exec sleep 300\n");
  std::thread([&] { process.emplace(std::move(launch(stand_in(waits)).value())); }).join();
  CHECK(support::within(5s, [&] { return !process->running(); }));
  CHECK(process->exit_description() == "killed by signal 15");
}

TEST_CASE("a helper that left the process group and the session is found") {
  support::Scripts scripts;
  Process process = std::move(launch(stand_in(scripts.add("daemon", "setsid sleep 300 &\nsleep 300\n"))).value());
  const auto folder = process.folder();
  const pid_t id = process.id();
  CHECK(support::within(5s, [&] { return strays(folder).size() >= 3; }));
  process.terminate(0ms);
  CHECK(support::within(5s, [&] { return support::remains(folder, id).empty(); }));
}
#endif

TEST_CASE("many browsers close side by side") {
  support::Scripts scripts;
  const auto slow = scripts.add("slow", "trap 'sleep 1; exit 0' TERM\necho ready\nwhile true; do sleep 0.05; done\n");
  std::vector<Process> processes;
  for (int i = 0; i < 5; ++i) processes.push_back(std::move(launch(stand_in(slow)).value()));
  for (Process& process : processes) CHECK(support::within(5s, [&] { return process.last_words() == "ready"; }));
  const auto start = std::chrono::steady_clock::now();
  for (Process& process : processes) process.ask_to_close();
  for (Process& process : processes) process.terminate();
  CHECK(std::chrono::steady_clock::now() - start < 4s);
  for (Process& process : processes) CHECK(process.exit_description() == "exited with status 0");
}

TEST_CASE("a process moves, and ends with its last owner") {
  support::Scripts scripts;
  const auto waits = scripts.add("waits", "sleep 300\n");
  Process first = std::move(launch(stand_in(waits)).value());
  Process second = std::move(first);
  CHECK(second.running());
  CHECK_FALSE(first.running());
  const auto folder = second.folder();
  const pid_t id = second.id();
  second = std::move(launch(stand_in(waits)).value());
  CHECK(support::within(5s, [&] { return support::remains(folder, id).empty(); }));
  CHECK(second.running());
}

TEST_CASE("every browser opens its page and closes when asked", "[browser]") {
  for (const Installed& installed : support::browsers()) {
    CAPTURE(installed.executable.string());
    const support::Page page;
    Process process =
        std::move(launch({.installed = installed, .url = page.url(), .headless = true, .options = {}}).value());
    const auto folder = process.folder();
    const pid_t id = process.id();
    CHECK(page.visited());
    INFO(process.last_words());
    CHECK(process.running());
    CHECK(process.ask_to_close());
    CHECK(support::within(20s, [&] { return !process.running(); }));
    if (is_chromium_family(installed.browser)) CHECK(process.exit_description() == "exited with status 0");
    process.terminate();
    CHECK(support::within(5s, [&] { return support::remains(folder, id).empty(); }));
  }
}

TEST_CASE("every browser ends with its object", "[browser]") {
  for (const Installed& installed : support::browsers()) {
    CAPTURE(installed.executable.string());
    const support::Page page;
    std::filesystem::path folder;
    pid_t id = 0;
    {
      const Process process =
          std::move(launch({.installed = installed, .url = page.url(), .headless = true, .options = {}}).value());
      folder = process.folder();
      id = process.id();
      CHECK(page.visited());
    }
    CHECK(support::within(5s, [&] { return support::remains(folder, id).empty(); }));
  }
}
