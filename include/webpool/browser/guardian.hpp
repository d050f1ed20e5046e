#pragma once

#include <sys/socket.h>

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <webpool/browser/descriptor.hpp>
#include <webpool/browser/spawn.hpp>

namespace webpool::browser {

namespace detail {

/// The guardian itself. It reads the process group to watch from the lifeline. Only the host holds the other end, so
/// the lifeline ends when the host does, in whatever way. It is in a group of its own, so Ctrl-C does not reach it. It
/// gives the browser's main process a second, because that process has noticed the host's death by itself (Chromium by
/// its debugging pipe, every browser on Linux by SIGTERM). Chromium takes another SIGTERM for impatience, and processes
/// that are killed while they create shared memory leave it in /dev/shm. A zombie counts as gone, since init may be
/// slow.
inline constexpr const char* guardian_script = R"(
trap '' HUP INT QUIT TERM
group=
while read -r word; do
  case $word in
    done) exit 0 ;;
    gone) group= ;;
    *) group=$word ;;
  esac
done
gone() {
  ! kill -0 "$group" || grep -qs '^State:.Z' "/proc/$group/status"
}
if [ -n "$group" ]; then
  for moment in 1 2 3 4 5 6 7 8 9 10; do gone && break; sleep 0.1; done
  gone || kill -TERM "-$group"
  for moment in 1 2 3 4 5 6 7 8 9 10; do gone && break; sleep 0.1; done
  kill -KILL "-$group"
fi
for file in $(grep -lsF "TMPDIR=$1/tmp" /proc/[0-9]*/environ); do
  file=${file%/environ}
  kill -KILL "${file#/proc/}"
done
for moment in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1"; [ -e "$1" ] || break; sleep 0.1; done
)";

}  // namespace detail

/// A small `/bin/sh` beside each browser that cleans up after a host that can't, because it was killed by SIGKILL,
/// crashed, or ended by Ctrl-C without a handler. It then ends the browser's process group and strays (see `strays`)
/// and removes the folder. It costs about 1 MB and no time. A moved-from guardian does nothing. For one thread at a
/// time.
class Guardian {
 public:
  /// Starts one for `folder`, which must exist. Errors: errc::launch_failed.
  static Expected<Guardian> start(const std::filesystem::path& folder) try {
    Guardian guardian;
    auto [ours, theirs] = connected_pair();
    const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const Expected<pid_t> child = spawn({
        .arguments = {"/bin/sh", "-c", detail::guardian_script, "webpool-guardian", folder.string()},
        .environment = {"PATH=/usr/bin:/bin"},
        .directory = "/",
        .descriptors = {theirs.get(), nothing.get(), nothing.get()},
    });
    if (!child) return child.error();
    guardian.lifeline_ = std::move(ours);
    guardian.id_ = *child;
    return guardian;
  } catch (const std::system_error& error) {
    return Error(errc::launch_failed, "can't start the guardian process: " + error.code().message());
  }

  Guardian(Guardian&&) noexcept = default;
  Guardian& operator=(Guardian&& other) noexcept {
    dismiss();
    lifeline_ = std::move(other.lifeline_);
    id_ = other.id_;
    return *this;
  }
  ~Guardian() { dismiss(); }

  explicit operator bool() const noexcept { return static_cast<bool>(lifeline_); }
  pid_t id() const noexcept { return id_; }

  /// Where the browser writes its process group before it starts (see `SpawnSpec::announce`). Because the child itself
  /// does this, the browser never runs without the guardian knowing it.
  int lifeline() const noexcept { return lifeline_.get(); }

  /// The process group has ended, so its number may soon belong to another group. The folder is still watched.
  void forget_group() noexcept { say("gone\n"); }

  /// Dismisses the guardian and waits a few milliseconds for its end. The group and the folder are the caller's again.
  void dismiss() noexcept {
    if (!lifeline_) return;
    say("done\n");
    lifeline_.close();
    collect(id_);
  }

 private:
  Guardian() = default;

  void say(std::string_view word) noexcept {
    if (lifeline_) ::send(lifeline_.get(), word.data(), word.size(), send_flags);
  }

  Descriptor lifeline_;
  pid_t id_ = 0;
};

}  // namespace webpool::browser
