#pragma once

#include <signal.h>
#include <sys/types.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace webpool::browser {

/// Processes that were started with `TMPDIR` inside `folder`, as all processes of a launched browser are. This finds
/// crash handlers, which leave the process group and session of their browser. Linux only; elsewhere always empty,
/// because such helpers end by themselves just after their browser. Reads one small file per process of the machine.
inline std::vector<pid_t> strays([[maybe_unused]] const std::filesystem::path& folder) {
  std::vector<pid_t> found;
#if defined(__linux__)
  const std::string sign = "TMPDIR=" + (folder / "tmp").string();
  std::error_code failure;
  std::filesystem::directory_iterator processes("/proc", failure);
  for (; !failure && processes != std::filesystem::directory_iterator(); processes.increment(failure)) {
    const std::string name = processes->path().filename().string();
    pid_t id = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), id).ptr != name.data() + name.size()) continue;
    std::ifstream file(processes->path() / "environ", std::ios::binary);
    for (std::string variable; std::getline(file, variable, '\0');) {
      if (variable != sign) continue;
      found.push_back(id);
      break;
    }
  }
#endif
  return found;
}

/// Kills these processes.
inline void end_strays(const std::filesystem::path& folder) {
  for (const pid_t id : strays(folder)) ::kill(id, SIGKILL);
}

}  // namespace webpool::browser
