#pragma once

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <webpool/browser/descriptor.hpp>
#include <webpool/browser/folder.hpp>
#include <webpool/browser/launch_spec.hpp>
#include <webpool/browser/spawn.hpp>

namespace webpool::browser {

/// The browser's answer to `--version`, one line such as "Mozilla Firefox 153.7.0esr"; empty if it can't be started or
/// says nothing within the time-out. Blocks for about half a second. Any thread may call it.
inline std::string version_of(const Installed& installed,
                              std::chrono::milliseconds timeout = std::chrono::seconds(10)) try {
  const Expected<Folder> folder = Folder::make();
  if (!folder) return {};
  auto [ours, theirs] = connected_pair();
  const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const Expected<pid_t> child = spawn({
      .arguments = {installed.executable.string(), "--version"},
      .environment = environment(own_environment(), folder->path(), true),
      .directory = folder->path().string(),
      .descriptors = {nothing.get(), theirs.get(), nothing.get()},
  });
  theirs.close();
  if (!child) return {};

  std::string said;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (std::array<char, 512> part; said.find('\n') == std::string::npos;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd waiting{ours.get(), POLLIN, 0};
    if (left <= 0) break;
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    const ssize_t got = ::read(ours.get(), part.data(), part.size());
    if (got <= 0) break;
    said.append(part.data(), static_cast<std::size_t>(got));
  }
  ::kill(-*child, SIGKILL);
  collect(*child);
  said.resize(std::min(said.find('\n'), said.size()));
  while (!said.empty() && said.back() == ' ') said.pop_back();
  return said;
} catch (const std::system_error&) {
  return {};
}

}  // namespace webpool::browser
