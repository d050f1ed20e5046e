#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <string_view>

namespace webpool::browser {

/// What every healthy browser writes on a machine without a desktop. It explains no failure.
inline constexpr std::array<std::string_view, 10> harmless_output{
    "dbus",
    "D-Bus",
    "DBus",
    "DBUS",
    "You are running in headless mode",
    "DevTools listening",
    "WebDriver BiDi listening",
    "unexpected operator",  // Debian's /etc/chromium.d/dev-shm where /dev/shm is mounted twice
    "ALSA lib",
    "InitializeSandbox() called with multiple threads",
};

/// The lines of `output` that may explain something, at most the last `maximum_lines`, without the final newline.
inline std::string telling_lines(std::string_view output, std::size_t maximum_lines = 12) {
  std::string result;
  std::size_t lines = 0;
  while (!output.empty() && lines < maximum_lines) {
    if (output.back() == '\n') output.remove_suffix(1);
    const std::size_t newline = output.rfind('\n');
    const std::string_view line = output.substr(newline == output.npos ? 0 : newline + 1);
    output.remove_suffix(line.size());
    bool harmless = line.find_first_not_of(" \t\r") == line.npos;
    for (const std::string_view sign : harmless_output) harmless |= line.find(sign) != line.npos;
    if (harmless) continue;
    result.insert(0, std::string(line) + (lines++ == 0 ? "" : "\n"));
  }
  return result;
}

/// The lines at the end of a browser's output file that may explain something; empty if there are none.
inline std::string last_words_in(const std::filesystem::path& file) {
  constexpr std::streamoff longest = 8192;
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream.tellg();
  if (!stream || size <= 0) return {};
  std::string text(static_cast<std::size_t>(std::min(size, longest)), '\0');
  stream.seekg(size - static_cast<std::streamoff>(text.size()));
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  return telling_lines(text);
}

}  // namespace webpool::browser
