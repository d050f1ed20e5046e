#pragma once

#include <stdlib.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>
#include <webpool/expected.hpp>

#if defined(__APPLE__)
#include <crt_externs.h>
#else
extern char** environ;
#endif

namespace webpool::browser {

/// A temporary folder `webpool-XXXXXX` for everything that one browser writes; removed together with the object.
class Folder {
 public:
  /// Makes it under the system's temporary folder, with `home`, `profile`, `run` and `tmp` in it, readable by its owner
  /// only. Errors: errc::launch_failed.
  static Expected<Folder> make() {
    std::error_code failure;
    std::filesystem::path parent = std::filesystem::temp_directory_path(failure);
    // Browsers bind sockets in their temporary folder. On macOS a socket's path can have 103 characters, and up to 50
    // of them come after ours.
    constexpr std::size_t longest_parent = 36;
    if (failure || parent.native().size() > longest_parent) parent = "/tmp";
    std::string name = (parent / "webpool-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      return Error(errc::launch_failed,
                   "can't create the temporary folder " + name + ": " + std::generic_category().message(errno));
    Folder folder{std::filesystem::path(name)};
    for (const char* inside : {"home", "profile", "run", "tmp"}) {
      std::filesystem::create_directory(folder.path_ / inside, failure);
      std::filesystem::permissions(folder.path_ / inside, std::filesystem::perms::owner_all, failure);
      if (failure)
        return Error(errc::launch_failed, "can't create the temporary folder " + name + ": " + failure.message());
    }
    return folder;
  }

  Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Folder& operator=(Folder&& other) noexcept {
    Folder taken(std::move(other));
    std::swap(path_, taken.path_);
    return *this;
  }
  ~Folder() { remove(); }

  const std::filesystem::path& path() const noexcept { return path_; }

  /// Removes it now. Tries for up to a second, because a killed process may be creating a file just then.
  void remove() noexcept {
    if (path_.empty()) return;
    for (int attempt = 0; attempt < 50; ++attempt) {
      std::error_code failure;
      std::filesystem::remove_all(path_, failure);
      if (!failure) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    path_.clear();
  }

 private:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

/// The environment of this process.
inline std::vector<std::string> own_environment() {
#if defined(__APPLE__)
  char** variable = *_NSGetEnviron();  // shared libraries have no `environ` there
#else
  char** variable = environ;
#endif
  std::vector<std::string> variables;
  for (; *variable; ++variable) variables.emplace_back(*variable);
  return variables;
}

/// `inherited`, changed so that a browser writes only into `folder`, starts no helper that outlives it, and finds
/// nothing of the user's. A browser with a window keeps its access to the display and the desktop.
inline std::vector<std::string> environment(const std::vector<std::string>& inherited,
                                            const std::filesystem::path& folder, bool headless) {
  const auto value_of = [&](std::string_view name) -> std::string {
    for (const std::string& variable : inherited)
      if (variable.size() > name.size() && variable[name.size()] == '=' && variable.starts_with(name))
        return variable.substr(name.size() + 1);
    return {};
  };
  const std::string home = (folder / "home").string(), run = (folder / "run").string();
  std::vector<std::pair<std::string, std::string>> ours{
      {"HOME", home},
      {"TMPDIR", (folder / "tmp").string()},
      {"XDG_CACHE_HOME", home + "/.cache"},
      {"XDG_CONFIG_HOME", home + "/.config"},
      {"XDG_DATA_HOME", home + "/.local/share"},
      {"XDG_STATE_HOME", home + "/.local/state"},
      {"MESA_SHADER_CACHE_DIR", home + "/.cache"},
      {"__GL_SHADER_DISK_CACHE_PATH", home + "/.cache"},
      {"GSETTINGS_BACKEND", "memory"},     // no dconf database
      {"NO_AT_BRIDGE", "1"},               // no accessibility bus
      {"MOZ_CRASHREPORTER_DISABLE", "1"},  // no crash helper, which would leave the process group
  };
  if (headless) {
    ours.emplace_back("XDG_RUNTIME_DIR", run);
    ours.emplace_back("PULSE_SERVER", "unix:" + run + "/none");  // a named server is never started on demand
  } else if (value_of("XAUTHORITY").empty() && !value_of("HOME").empty()) {
    ours.emplace_back("XAUTHORITY", value_of("HOME") + "/.Xauthority");  // its default place moves with HOME
  }
  // Without an address, D-Bus libraries start a bus that would be left behind.
  if (headless || value_of("DBUS_SESSION_BUS_ADDRESS").empty())
    ours.emplace_back("DBUS_SESSION_BUS_ADDRESS", "disabled:");

  std::vector<std::string> result;
  for (const std::string& variable : inherited) {
    bool replaced = false;
    for (const auto& [name, value] : ours) replaced |= variable.starts_with(name + '=');
    if (!replaced) result.push_back(variable);
  }
  for (const auto& [name, value] : ours) result.push_back(name + '=' + value);
  return result;
}

}  // namespace webpool::browser
