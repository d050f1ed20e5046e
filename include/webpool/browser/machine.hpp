#pragma once

#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace webpool::browser {

/// Where a browser's WebGPU comes from.
enum class Graphics : std::uint8_t {
  software,  ///< Linux without a GPU: the browser's own SwiftShader
  vulkan,    ///< Linux with a GPU
  native,    ///< the browser's own choice: Metal on macOS
};

/// `vulkan` if a GPU and a Vulkan driver of the same vendor are under `root`. It checks both, because Chromium never
/// shows a page if it is told to use Vulkan on a virtual machine's display adapter or with a software driver.
inline Graphics linux_graphics(const std::filesystem::path& root = "/") {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> makers{
      {{"0x10de", "nvidia"},
       {"0x1002", "radeon"},
       {"0x1002", "amd"},
       {"0x8086", "intel"}}};  // PCI vendor, driver's file name
  std::error_code failure;
  const auto has_driver = [&](std::string_view vendor) {
    for (const char* folder : {"usr/share/vulkan/icd.d", "etc/vulkan/icd.d", "usr/local/share/vulkan/icd.d"})
      for (const auto& driver : std::filesystem::directory_iterator(root / folder, failure))
        for (const auto& [id, name] : makers)
          if (id == vendor && driver.path().filename().native().starts_with(name)) return true;
    return false;
  };
  // Containers often have only NVIDIA's own device files.
  if (std::filesystem::exists(root / "dev/nvidiactl", failure) && has_driver("0x10de")) return Graphics::vulkan;
  for (const auto& device : std::filesystem::directory_iterator(root / "dev/dri", failure)) {
    const std::filesystem::path node = device.path().filename();
    if (!node.native().starts_with("renderD")) continue;
    std::string vendor;
    std::getline(std::ifstream(root / "sys/class/drm" / node / "device/vendor"), vendor);
    if (has_driver(vendor)) return Graphics::vulkan;
  }
  return Graphics::software;
}

/// The facts about this machine that command lines depend on.
struct Machine {
  Graphics graphics = Graphics::software;
  bool root = false;                 ///< Chromium's sandbox refuses to work for uid 0
  bool small_shared_memory = false;  ///< less than 1 GiB free in /dev/shm, as in containers: tabs would crash

  static Machine detect() {
    Machine machine;
    machine.root = ::geteuid() == 0;
#if defined(__linux__)
    machine.graphics = linux_graphics();
    struct statvfs memory {};
    machine.small_shared_memory =
        ::statvfs("/dev/shm", &memory) == 0 && memory.f_bavail * memory.f_frsize < (std::uint64_t{1} << 30);
#else
    machine.graphics = Graphics::native;
#endif
    return machine;
  }
};

}  // namespace webpool::browser
