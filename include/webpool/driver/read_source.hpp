#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <webpool/driver/interrupt.hpp>
#include <webpool/driver/kernel_file.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/kernel.hpp>
#include <webpool/model_bytes.hpp>
#include <webpool/model_source.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

/// The model's name, as far as it is known before it is read: an initializer may change it.
inline std::string name_of(const ModelSource& source, const ModelOptions& options) {
  if (!options.name.empty()) return options.name;
  if (const Kernel* kernel = std::get_if<Kernel>(&source)) return kernel->name;
  if (const ModelBytes* bytes = std::get_if<ModelBytes>(&source)) return bytes->name;
  return std::get<std::filesystem::path>(source).stem().string();
}

/// Reads and checks whatever can be loaded. `initialize` is for models, not for kernels. Throws what `read_model_file`
/// and `make_kernel_file` throw.
inline ModelFile read_source(const ModelSource& source, ModelOptions& options, const ModelInitializer& initialize = {},
                             const Interrupt& interrupt = {}) {
  if (const Kernel* kernel = std::get_if<Kernel>(&source)) return make_kernel_file(*kernel, options);
  if (const ModelBytes* bytes = std::get_if<ModelBytes>(&source))
    return read_model_file(*bytes, options, initialize, interrupt);
  return read_model_file(std::get<std::filesystem::path>(source), options, initialize, interrupt);
}

}  // namespace webpool::driver
