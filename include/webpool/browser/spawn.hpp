#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>
#include <vector>
#include <webpool/browser/descriptor.hpp>
#include <webpool/expected.hpp>

namespace webpool::browser {

/// A complete description of a program to start: none of the host's descriptors, signal handling or environment reaches
/// it unless it is named here.
struct SpawnSpec {
  std::vector<std::string> arguments{};    ///< the first one is the path of the executable
  std::vector<std::string> environment{};  ///< "NAME=value"
  std::string directory{};                 ///< the working directory
  std::vector<int> descriptors{};          ///< of the host, 10 or higher; they become 0, 1, 2 ... in the program
  int announce = -1;  ///< a descriptor to which the child writes its id and a newline before the program starts
  bool die_with_thread = false;  ///< Linux: the program gets SIGTERM when the thread that called `spawn` ends
};

namespace detail {

inline std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

/// Keeps every descriptor from `first` on out of the program. Sockets of other libraries are often not close-on-exec,
/// and a browser that inherited the pool's listening socket would keep the port in use after the host's death.
inline void keep_from_program(int first, int limit) noexcept {
#if defined(SYS_close_range)
  constexpr unsigned mark_only = 4;  // CLOSE_RANGE_CLOEXEC: the descriptors are still needed until exec
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0u, mark_only) == 0) return;
#endif
  for (int i = first; i < limit; ++i) ::fcntl(i, F_SETFD, FD_CLOEXEC);
}

/// Writes `id` and a newline without allocating: called between fork and exec.
inline void write_id(int to, pid_t id) noexcept {
  char text[24];
  char* const end = text + sizeof text;
  char* begin = end;
  *--begin = '\n';
  for (; id > 0; id /= 10) *--begin = static_cast<char>('0' + id % 10);
  [[maybe_unused]] const ssize_t written = ::write(to, begin, static_cast<std::size_t>(end - begin));
}

/// What the child needs, prepared by the parent, because only async-signal-safe calls are allowed between fork and
/// exec.
struct ChildPlan {
  char* const* arguments;
  char* const* environment;
  const SpawnSpec* spec;
  int report;  ///< close-on-exec: end of file tells the parent that the program runs
  int descriptor_limit;
  pid_t parent;
};

[[noreturn]] inline void fail(int report) noexcept {
  const int reason = errno;
  [[maybe_unused]] const ssize_t written = ::write(report, &reason, sizeof reason);
  ::_exit(127);
}

[[noreturn]] inline void become_program(const ChildPlan& plan) noexcept {
  if (::setpgid(0, 0) < 0) fail(plan.report);
#if defined(__linux__)
  if (plan.spec->die_with_thread) {
    if (::prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) fail(plan.report);
    if (::getppid() != plan.parent) ::_exit(127);  // the host died before the request took effect
  }
#endif
  for (int i = 1; i < NSIG; ++i) ::signal(i, SIG_DFL);  // exec keeps ignored signals ignored
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::chdir(plan.spec->directory.c_str()) < 0) fail(plan.report);
  if (plan.spec->announce >= 0) write_id(plan.spec->announce, ::getpid());
  const int count = static_cast<int>(plan.spec->descriptors.size());
  for (int i = 0; i < count; ++i)
    if (::dup2(plan.spec->descriptors[static_cast<std::size_t>(i)], i) < 0) fail(plan.report);
  keep_from_program(count, plan.descriptor_limit);
  ::execve(plan.arguments[0], plan.arguments, plan.environment);
  fail(plan.report);
}

}  // namespace detail

/// Waits for a child and returns its status; -1 if it was already collected, here or elsewhere.
inline int collect(pid_t child) noexcept {
  int status = -1;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return status;
}

/// Starts a program as the leader of a process group of its own, and returns its id once it is running.
/// The caller collects it with `waitpid`. Errors: errc::launch_failed with the system's words. Any thread may call it.
inline Expected<pid_t> spawn(const SpawnSpec& spec) {
  const auto refused = [&](int reason) {
    return Error(errc::launch_failed, spec.arguments.front() + ": " + std::generic_category().message(reason));
  };
  std::pair<Descriptor, Descriptor> report;
  try {
    report = connected_pair();
  } catch (const std::system_error& error) {
    return refused(error.code().value());
  }
  const std::vector<char*> arguments = detail::pointers(spec.arguments);
  const std::vector<char*> environment = detail::pointers(spec.environment);
  const int limit = static_cast<int>(std::clamp(::sysconf(_SC_OPEN_MAX), 256L, 65'536L));
  const detail::ChildPlan plan{arguments.data(), environment.data(), &spec, report.second.get(), limit, ::getpid()};

  // A signal handler of the host must not run in the child, where it could write to the host's descriptors.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child == 0) detail::become_program(plan);
  const int fork_reason = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) return refused(fork_reason);

  report.second.close();
  int reason = 0;
  ssize_t got = 0;
  while ((got = ::read(report.first.get(), &reason, sizeof reason)) < 0 && errno == EINTR) continue;
  if (got == 0) return child;
  collect(child);
  return refused(reason);
}

}  // namespace webpool::browser
