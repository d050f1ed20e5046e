#pragma once

#include <filesystem>
#include <variant>
#include <webpool/kernel.hpp>
#include <webpool/model_bytes.hpp>

namespace webpool {

/// What a pool can load: an ONNX file, with the files beside it that hold its tensors if it has such; the bytes of one;
/// or WGSL of the application's own.
using ModelSource = std::variant<std::filesystem::path, Kernel, ModelBytes>;

}  // namespace webpool
