#pragma once

#include <filesystem>
#include <variant>
#include <webpool/kernel.hpp>

namespace webpool {

/// What `ResourcePool::load_together` loads: an ONNX file, or WGSL of the application's own.
using ModelSource = std::variant<std::filesystem::path, Kernel>;

}  // namespace webpool
