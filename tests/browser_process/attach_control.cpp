#include <webpool/browser/attach_control.hpp>

#include <webpool/transport/websocket_server.hpp>

#include "control_support.hpp"

using namespace webpool;
using namespace webpool::browser;
using namespace std::chrono_literals;
using support::run_until;

namespace {

/// The processes of a browser that run pages.
std::vector<pid_t> page_processes(pid_t group) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t id = std::stoi(name);
    if (::getpgid(id) != group) continue;
    const std::string line = support::contents(entry.path() / "cmdline");
    if (line.find("--type=renderer") != std::string::npos || line.find("-isForBrowser") != std::string::npos)
      found.push_back(id);
  }
  return found;
}

/// A real browser with its control, on a page.
class Controlled {
 public:
  explicit Controlled(const Installed& installed)
      : process_(std::move(launch({.installed = installed, .url = url(), .headless = true, .options = {}}).value())) {
    process_.use(std::move(attach_control(context, installed.browser, process_, heard.handlers()).value()));
    CHECK(run_until(context, [this] { return visits_ == 1; }));
    settle();
    // A session with Firefox begins a second after the page.
    CHECK(run_until(context, [this] {
      heard.done.clear();
      control().reload(heard.note());
      return run_until(context, [this] { return !heard.done.empty(); }) && heard.done[0].empty();
    }));
    CHECK(run_until(context, [this] { return visits_ == 2; }));
    settle();
    heard.done.clear();
  }

  /// Whether the page is asked for again once `action` has been called.
  template <class Action>
  bool visited_after(Action action) {
    const unsigned before = visits_;
    const std::size_t done = heard.done.size();
    action();
    const bool visited = run_until(context, [&] { return visits_ > before && heard.done.size() > done; });
    settle();
    return visited && visits_ == before + 1;
  }

  /// Gives a page that was asked for the time to become the tab's.
  void settle(std::chrono::milliseconds time = 500ms) {
    const auto end = std::chrono::steady_clock::now() + time;
    run_until(context, [&] { return std::chrono::steady_clock::now() > end; });
  }

  bool gone(std::size_t times) {
    return run_until(
        context, [&] { return heard.gone.size() == times; }, 20s);
  }

  Process& process() { return process_; }
  Control& control() { return *process_.control(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()) + "/"; }

  asio::io_context context;
  support::Heard heard;

 private:
  unsigned visits_ = 0;
  transport::WebSocketServer server_{
      context,
      {.maximum_message_bytes = 1024},
      [this](std::string_view path) {
        visits_ += path == "/";
        return transport::HttpAnswer{200, "text/html", std::make_shared<const std::string>("<!doctype html>")};
      },
      {}};
  Process process_;
};

}  // namespace

TEST_CASE("every browser loads its page anew, and opens a tab in its place", "[browser]") {
  for (const Installed& installed : support::browsers()) {
    CAPTURE(installed.executable.string());
    Controlled browser(installed);
    CHECK(browser.visited_after([&] { browser.control().reload(browser.heard.note()); }));
    CHECK(browser.visited_after([&] { browser.control().new_tab(browser.url(), browser.heard.note()); }));
    CHECK(browser.visited_after([&] { browser.control().reload(browser.heard.note()); }));
    CHECK(browser.heard.done == std::vector<std::string>(3));
    CHECK(browser.heard.gone.empty());
    CHECK(browser.heard.log.empty());
  }
}

TEST_CASE("every browser says at once that its page's process is gone, and can load it again", "[browser]") {
  for (const Installed& installed : support::browsers()) {
    CAPTURE(installed.executable.string());
    Controlled browser(installed);
    for (const pid_t id : page_processes(browser.process().id())) ::kill(id, SIGKILL);
    CHECK(browser.gone(1));
    CHECK(browser.process().running());
    browser.settle(2s);  // Firefox shows a page of its own first, and would break off another one meanwhile
    CHECK(browser.visited_after([&] { browser.control().reload(browser.heard.note()); }));
    for (const pid_t id : page_processes(browser.process().id())) ::kill(id, SIGKILL);
    CHECK(browser.gone(2));
    CHECK(browser.visited_after([&] { browser.control().new_tab(browser.url(), browser.heard.note()); }));
    CHECK(browser.heard.done == std::vector<std::string>(2));
    CHECK(browser.heard.gone.size() == 2);
  }
}

TEST_CASE("a Chromium's page and GPU process crash on demand", "[browser]") {
  for (const Installed& installed : support::browsers()) {
    if (!is_chromium_family(installed.browser)) continue;
    CAPTURE(installed.executable.string());
    Controlled browser(installed);
    auto& pipe = dynamic_cast<CdpPipe&>(browser.control());
    pipe.crash_page(browser.heard.note());
    CHECK(browser.gone(1));
    CHECK(browser.visited_after([&] { pipe.new_tab(browser.url(), browser.heard.note()); }));
    pipe.crash_gpu_process(browser.heard.note());
    CHECK(run_until(browser.context, [&] { return browser.heard.done.size() == 3; }));
    CHECK(browser.visited_after([&] { pipe.reload(browser.heard.note()); }));
    CHECK(browser.heard.done == std::vector<std::string>(4));
    CHECK(browser.heard.gone == std::vector<std::string>{"its page's process ended: crashed"});
  }
}

TEST_CASE("every browser closes when its control asks, and leaves nothing", "[browser]") {
  for (const Installed& installed : support::browsers()) {
    CAPTURE(installed.executable.string());
    Controlled browser(installed);
    const auto folder = browser.process().folder();
    const pid_t id = browser.process().id();
    CHECK(browser.process().ask_to_close());
    CHECK(run_until(
        browser.context, [&] { return !browser.process().running(); }, 20s));
    CHECK(browser.process().exit_description() == "exited with status 0");
    CHECK(browser.heard.gone.empty());
    browser.process().terminate();
    CHECK(support::within(5s, [&] { return support::remains(folder, id).empty(); }));
  }
}

TEST_CASE("a browser that ends before it has a control is ended all the same", "[browser]") {
  for (const Installed& installed : support::browsers()) {
    CAPTURE(installed.executable.string());
    asio::io_context context;
    support::Heard heard;
    Process process =
        std::move(launch({.installed = installed, .url = "about:blank", .headless = true, .options = {}}).value());
    process.use(std::move(attach_control(context, installed.browser, process, heard.handlers()).value()));
    const auto folder = process.folder();
    const pid_t id = process.id();
    process.terminate();
    CHECK(support::within(5s, [&] { return support::remains(folder, id).empty(); }));
    context.run_for(100ms);
    CHECK(heard.gone.empty());
  }
}
