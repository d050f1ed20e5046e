#pragma once

#include <sys/resource.h>

#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>

namespace comparison {

/// What all threads of this process have computed, in microseconds.
inline double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(used.ru_utime) + us(used.ru_stime);
}

/// The number in a line of a file of /proc/self; `RssAnon:` of `status` is this process's own memory in KiB.
inline std::size_t in_proc(const std::string& file, const std::string& name) {
  std::ifstream lines("/proc/self/" + file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name)) return std::stoul(line.substr(name.size()));
  throw std::runtime_error("/proc/self/" + file + " has no " + name);
}

}  // namespace comparison
