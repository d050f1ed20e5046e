#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>
#include <webpool/browser/chromium.hpp>
#include <webpool/browser/control.hpp>
#include <webpool/browser/descriptor.hpp>
#include <webpool/browser/firefox.hpp>
#include <webpool/browser/folder.hpp>
#include <webpool/browser/guardian.hpp>
#include <webpool/browser/last_words.hpp>
#include <webpool/browser/launch_spec.hpp>
#include <webpool/browser/spawn.hpp>
#include <webpool/browser/strays.hpp>
#include <webpool/expected.hpp>

namespace webpool::browser {

/// A running browser with its own process group, profile and temporary folder. However this object or its host ends,
/// the processes end and the folder is removed, by the destructor or, if the host could not run it, by the `Guardian`.
///
/// For one thread at a time. On Linux the browser also gets SIGTERM when the THREAD that launched it ends, so launch
/// from a thread that outlives it (the pool's own).
class Process {
 public:
  using Milliseconds = std::chrono::milliseconds;

  Process(Process&&) noexcept = default;
  Process& operator=(Process&& other) noexcept {
    if (this == &other) return *this;
    terminate();
    folder_ = std::move(other.folder_);
    guardian_ = std::move(other.guardian_);
    debugging_ = std::move(other.debugging_);
    control_ = std::move(other.control_);
    id_ = other.id_;
    status_ = other.status_;
    asked_ = other.asked_;
    last_words_ = std::move(other.last_words_);
    sandboxed_ = other.sandboxed_;
    return *this;
  }
  /// `terminate` with its default grace.
  ~Process() { terminate(); }

  /// The id of the browser's main process, which is also its process group.
  pid_t id() const noexcept { return id_; }
  const std::filesystem::path& folder() const noexcept { return folder_.path(); }

  /// False if the browser was started with `--no-sandbox`. Tell the user if so.
  bool sandboxed() const noexcept { return sandboxed_; }

  /// Our end of the debugging pipe, for whoever controls the browser; empty if there is none or it was already taken.
  Descriptor take_debugging() noexcept { return std::move(debugging_); }

  /// From now on `control` asks the browser to close, if that works, and SIGTERM otherwise.
  void use(std::unique_ptr<Control> control) noexcept { control_ = std::move(control); }
  /// Null if there is none.
  Control* control() const noexcept { return control_.get(); }

  /// Whether the browser is still running. Doesn't block. Call it now and then (a second apart is fine), because it
  /// also drains a debugging pipe that nobody took. If the browser has ended, whatever is left of its process group is
  /// killed.
  bool running() noexcept {
    if (!alive()) return false;
    discard_debugging_news();
    siginfo_t news{};
    if (::waitid(P_PID, static_cast<id_t>(id_), &news, WEXITED | WNOHANG | WNOWAIT) == 0 && news.si_pid == 0)
      return true;
    // The dead leader is not collected yet, so the group's number can't belong to anybody else.
    ::kill(-id_, SIGKILL);
    status_ = collect(id_);
    guardian_.forget_group();
    debugging_.close();
    last_words_ = read_last_words();
    return false;
  }

  /// "still running", "exited with status 1" or "killed by signal 11".
  std::string exit_description() {
    if (running()) return "still running";
    if (!status_ || *status_ == -1) return "exited; another part of this program collected its status";
    if (WIFSIGNALED(*status_)) return "killed by signal " + std::to_string(WTERMSIG(*status_));
    return "exited with status " + std::to_string(WEXITSTATUS(*status_));
  }

  /// The end of what the browser wrote to standard output and error, without lines known to be harmless.
  std::string last_words() const { return alive() ? read_last_words() : last_words_; }

  /// Asks the browser to close and returns at once; false if it can't be asked. To close many browsers, ask all of them
  /// first and then `terminate` each, so that their grace periods run in parallel.
  bool ask_to_close() noexcept {
    if (!running()) return false;
    if (asked_) return true;
    const auto message = chromium::close_message;
    const auto length = static_cast<ssize_t>(message.size());
    const bool told = (control_ && control_->close()) ||
                      (debugging_ ? ::send(debugging_.get(), message.data(), message.size(), send_flags) == length
                                  : ::kill(id_, SIGTERM) == 0);
    if (told) asked_ = Clock::now();
    return told;
  }

  /// Ends the browser and removes its folder: asks it to close (unless that has been done), waits until `grace` after
  /// that, sends SIGTERM to its process group, waits a second, and sends SIGKILL. Blocks meanwhile. A second call does
  /// nothing.
  void terminate(Milliseconds grace = Milliseconds(5000)) noexcept {
    if (!guardian_) return;
    if (ask_to_close()) ended_by(*asked_ + grace);
    if (running()) {
      ::kill(-id_, SIGTERM);
      if (!ended_by(Clock::now() + std::min(grace, Milliseconds(1000)))) ::kill(-id_, SIGKILL);
    }
    while (running()) std::this_thread::sleep_for(poll_interval);
    end_strays();
    folder_.remove();
    guardian_.dismiss();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr Milliseconds poll_interval{5};

  friend Expected<Process> launch(const LaunchSpec& spec);

  Process(Folder folder, Guardian guardian) : folder_(std::move(folder)), guardian_(std::move(guardian)) {}

  bool alive() const noexcept { return guardian_ && id_ > 0 && !status_; }

  /// Waits, and returns whether the browser ended in time.
  bool ended_by(Clock::time_point deadline) noexcept {
    while (running()) {
      if (Clock::now() >= deadline) return false;
      std::this_thread::sleep_for(poll_interval);
    }
    return true;
  }

  void end_strays() noexcept try {
    browser::end_strays(folder_.path());
  } catch (...) {  // out of memory: the strays end by themselves
  }

  /// No answer on the pipe matters here, but a browser whose writes block would stop working.
  void discard_debugging_news() noexcept {
    std::array<char, 4096> news;
    while (debugging_ && ::read(debugging_.get(), news.data(), news.size()) > 0) continue;
  }

  std::filesystem::path output() const { return folder_.path() / "output.txt"; }

  std::string read_last_words() const noexcept try { return last_words_in(output()); } catch (...) {
    return {};
  }

  Folder folder_;
  Guardian guardian_;  // without it there is no browser: moved from, or terminated
  Descriptor debugging_;
  std::unique_ptr<Control> control_;
  pid_t id_ = 0;
  std::optional<int> status_;
  std::optional<Clock::time_point> asked_;
  std::string last_words_;
  bool sandboxed_ = true;
};

/// Starts a browser on a page and returns once its executable runs, after a few milliseconds. `Process::running` tells
/// whether it stays alive, and the page itself whether it loads.
/// Errors: errc::launch_failed (not executable, no temporary folder, no process, a browser that can't be launched).
inline Expected<Process> launch(const LaunchSpec& spec) try {
  const Browser kind = spec.installed.browser;
  if (!is_chromium_family(kind) && kind != Browser::firefox)
    return Error(errc::launch_failed,
                 std::string(to_string(kind)) + " can't be launched; it can only join by the pool's link");

  Expected<Folder> folder = Folder::make();
  if (!folder) return folder.error();
  Expected<Guardian> guardian = Guardian::start(folder->path());
  if (!guardian) return guardian.error();
  Process process(std::move(*folder), std::move(*guardian));

  const std::filesystem::path profile = process.folder() / "profile";
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor output(::open(process.output().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  SpawnSpec program{
      .environment = environment(own_environment(), process.folder(), spec.headless || kind == Browser::headless_shell),
      .directory = process.folder().string(),
      .descriptors = {nothing.get(), output.get(), output.get()},
      .announce = process.guardian_.lifeline(),
      .die_with_thread = true,
  };
  Descriptor browsers_end;
  if (is_chromium_family(kind)) {
    program.arguments = chromium::command_line(spec, Machine::detect(), profile);
    process.sandboxed_ =
        std::find(program.arguments.begin(), program.arguments.end(), "--no-sandbox") == program.arguments.end();
    std::tie(process.debugging_, browsers_end) = connected_pair();
    process.debugging_.set_nonblocking();
    program.descriptors.insert(program.descriptors.end(), {browsers_end.get(), browsers_end.get()});
  } else {
    program.arguments = firefox::command_line(spec, profile);
    std::ofstream preferences(profile / "user.js");
    preferences << firefox::user_js(spec.options);
    if (!preferences.flush())
      return Error(errc::launch_failed, "can't write " + (profile / "user.js").string() + ": " + std::strerror(errno));
  }
  const Expected<pid_t> id = spawn(program);
  if (!id) return id.error();
  process.id_ = *id;
  return process;
} catch (const std::system_error& error) {
  return Error(errc::launch_failed, spec.installed.executable.string() + ": " + error.code().message());
}

}  // namespace webpool::browser
