#include <webpool/browser/machine.hpp>

#include "support.hpp"

using namespace webpool::browser;

namespace {

void put(const std::filesystem::path& file, const std::string& text = "") {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

}  // namespace

TEST_CASE("Vulkan is used with a GPU and a driver of the same maker only") {
  support::Scripts scripts;
  const auto root = scripts.folder() / "root";
  CHECK(linux_graphics(root) == Graphics::software);
  put(root / "dev/dri/card0");
  put(root / "dev/dri/renderD128");
  CHECK(linux_graphics(root) == Graphics::software);
  put(root / "sys/class/drm/renderD128/device/vendor", "0x1af4\n");  // virtio
  put(root / "usr/share/vulkan/icd.d/lvp_icd.x86_64.json");
  put(root / "usr/share/vulkan/icd.d/intel_icd.x86_64.json");
  CHECK(linux_graphics(root) == Graphics::software);
  put(root / "sys/class/drm/renderD128/device/vendor", "0x1002\n");
  CHECK(linux_graphics(root) == Graphics::software);
  put(root / "etc/vulkan/icd.d/radeon_icd.x86_64.json");
  CHECK(linux_graphics(root) == Graphics::vulkan);
}

TEST_CASE("NVIDIA's device files are enough in a container") {
  support::Scripts scripts;
  const auto root = scripts.folder() / "root";
  put(root / "dev/nvidiactl");
  CHECK(linux_graphics(root) == Graphics::software);
  put(root / "etc/vulkan/icd.d/nvidia_icd.json");
  CHECK(linux_graphics(root) == Graphics::vulkan);
}

TEST_CASE("this machine's facts") { CHECK(Machine::detect().root == (::geteuid() == 0)); }
