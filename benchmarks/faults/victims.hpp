#pragma once

// The browsers that a pool of this program started, and what can be done to them from outside.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/browser.hpp>

#include "../../tests/support/processes.hpp"

namespace faults {

/// The main process of each browser of that kind, the latest last. It leads its process group.
inline std::vector<pid_t> main_processes(webpool::Browser kind) {
  auto found = support::descendants_with("&launch=");
  std::erase_if(found, [kind](pid_t process) {
    const std::string command = support::command_of(process);
    const std::string program = command.substr(0, command.find(' '));
    const bool firefox = program.find("firefox") != program.npos;
    const bool shell = !firefox && program.find("headless") != program.npos;
    return kind != (firefox ? webpool::Browser::firefox
                    : shell ? webpool::Browser::headless_shell
                            : webpool::Browser::chromium);
  });
  std::ranges::sort(found);
  return found;
}

/// The processes of that browser whose command line contains `part`.
inline std::vector<pid_t> processes_of(pid_t main, std::string_view part) {
  auto found = support::descendants_with(part);
  std::erase_if(found, [main](pid_t process) { return ::getpgid(process) != main; });
  return found;
}

/// Those that run pages.
inline std::vector<pid_t> renderers_of(pid_t main, webpool::Browser kind) {
  return processes_of(main, kind == webpool::Browser::firefox ? "-isForBrowser" : "--type=renderer");
}

/// How many of them took the signal.
inline std::size_t signal_all(const std::vector<pid_t>& processes, int signal) {
  return static_cast<std::size_t>(
      std::ranges::count_if(processes, [signal](pid_t process) { return ::kill(process, signal) == 0; }));
}

/// This process's ends of the connections to that port of its own: bytes not sent yet, and the descriptor; the fullest
/// last.
inline std::vector<std::pair<int, int>> connections_to(std::uint16_t port) {
  std::vector<std::pair<int, int>> found;
  for (int descriptor = 3; descriptor < 4096; ++descriptor) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::getsockname(descriptor, generic, &size) != 0 || address.sin_family != AF_INET ||
        ntohs(address.sin_port) != port)
      continue;
    size = sizeof address;
    int unsent = 0;
    if (::getpeername(descriptor, generic, &size) == 0 && ::ioctl(descriptor, TIOCOUTQ, &unsent) == 0)
      found.emplace_back(unsent, descriptor);
  }
  std::ranges::sort(found);
  return found;
}

inline std::uint16_t port_of(const std::string& join_url) {
  const std::size_t end = join_url.find("/#");
  return static_cast<std::uint16_t>(std::stoi(join_url.substr(join_url.rfind(':', end) + 1)));
}

}  // namespace faults
