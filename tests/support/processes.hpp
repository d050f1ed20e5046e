#pragma once

// A look at this program's processes by Linux's /proc: what it started, what that needs, what it left behind.

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace support {

inline std::string contents(const std::filesystem::path& file) {
  std::ostringstream text;  // a stream's own reading takes a file that vanishes for its end
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

inline std::string command_of(pid_t process) {
  std::string line = contents("/proc/" + std::to_string(process) + "/cmdline");
  std::ranges::replace(line, '\0', ' ');
  return line;
}

/// A process as /proc describes it.
struct Process {
  pid_t id = 0, parent = 0, group = 0;
  bool dead = false;  ///< a zombie: to collect orphans is the init process's work

  /// Its command line begins like this.
  std::string command() const { return command_of(id).substr(0, 200); }
  /// Whether that is in its command line or its environment.
  bool names(std::string_view text) const {
    const std::string folder = "/proc/" + std::to_string(id);
    return (contents(folder + "/cmdline") + contents(folder + "/environ")).find(text) != std::string::npos;
  }
};

/// All processes of this machine; none where there is no /proc.
inline std::vector<Process> processes() {
  std::vector<Process> found;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry("/proc", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    std::istringstream stat(contents(entry->path() / "stat"));
    std::string skipped, state;
    std::getline(stat, skipped, ')');
    Process process{.id = std::stoi(name)};
    if (stat >> state >> process.parent >> process.group) {
      process.dead = state == "Z" || state == "X";
      found.push_back(process);
    }
  }
  return found;
}

/// The processes that this one started, and those that they started, without zombies.
inline std::vector<pid_t> descendants() {
  std::multimap<pid_t, pid_t> children;
  for (const Process& process : processes())
    if (!process.dead) children.emplace(process.parent, process.id);
  std::vector<pid_t> found{::getpid()};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [first, last] = children.equal_range(found[i]);
    for (auto child = first; child != last; ++child) found.push_back(child->second);
  }
  found.erase(found.begin());
  return found;
}

/// Those of them whose command line contains `part`.
inline std::vector<pid_t> descendants_with(std::string_view part) {
  std::vector<pid_t> found = descendants();
  std::erase_if(found, [&](pid_t process) { return command_of(process).find(part) == std::string::npos; });
  return found;
}

/// Resident memory of this process; 0 where /proc can't tell.
inline std::size_t resident_bytes() {
  std::istringstream statm(contents("/proc/self/statm"));
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Memory of all processes that this one started, pages that several share counted once.
inline std::size_t browser_bytes() {
  std::size_t sum = 0;
  for (const pid_t process : descendants()) {
    std::istringstream lines(contents("/proc/" + std::to_string(process) + "/smaps_rollup"));
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("Pss:")) sum += 1024 * std::stoull(line.substr(4));
  }
  return sum;
}

/// Files, sockets and pipes that this process has open.
inline std::size_t open_descriptors() {
  std::error_code failure;
  const auto entries = std::filesystem::directory_iterator("/proc/self/fd", failure);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// Folders of browsers in that one.
inline std::size_t browser_folders(const std::filesystem::path& in) {
  std::error_code failure;
  const auto entries = std::filesystem::directory_iterator(in, failure);
  return static_cast<std::size_t>(std::count_if(begin(entries), end(entries), [](const auto& entry) {
    return entry.path().filename().string().starts_with("webpool-");
  }));
}

}  // namespace support
