#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>
#include <webpool/driver/served_file.hpp>
#include <webpool/error.hpp>
#include <webpool/model_info.hpp>
#include <webpool/onnx/external_data.hpp>
#include <webpool/onnx/model_info.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

/// An ONNX file or a kernel's text, what it says about itself, and the hashes by which pages fetch it. `name`: the
/// model's.
struct ModelFile : ServedFile {
  ModelInfo info;  ///< with the values of `ModelOptions::free_dimensions` filled in
  bool kernel = false;
  std::vector<ServedFile>
      external{};  ///< files beside it that hold some of its tensors; `name`: as the model names them

  /// Bytes of all files.
  std::size_t total_size() const noexcept {
    std::size_t sum = size;
    for (const ServedFile& each : external) sum += each.size;
    return sum;
  }
};

inline void fill_in(std::vector<TensorSpec>& specs, const std::map<std::string, std::int64_t>& values) {
  for (auto& spec : specs) {
    std::vector<std::int64_t> extents(spec.shape.extents().begin(), spec.shape.extents().end());
    for (std::size_t axis = 0; axis < extents.size(); ++axis)
      if (const auto value = values.find(spec.symbols[axis]); extents[axis] == Shape::any && value != values.end())
        extents[axis] = value->second;
    spec.shape = Shape(extents);
  }
}

/// Throws `errc::invalid_options` for a value of a dimension that none of the models has, or that is none.
inline void check_free_dimensions(std::span<const ModelFile> files, const std::map<std::string, std::int64_t>& values) {
  std::set<std::string> known;
  for (const ModelFile& file : files)
    for (const auto* specs : {&file.info.inputs, &file.info.outputs})
      for (const auto& spec : *specs)
        for (const auto& symbol : spec.symbols)
          if (!symbol.empty()) known.insert(symbol);
  std::string names;
  for (const auto& symbol : known) names += (names.empty() ? "" : ", ") + symbol;
  for (const auto& [name, value] : values) {
    if (!known.contains(name))
      throw Error(errc::invalid_options, "model '" + files.front().name + "' has no free dimension '" + name +
                                             "'; it has: " + (names.empty() ? "none" : names));
    if (value < 0)
      throw Error(errc::invalid_options,
                  "the free dimension '" + name + "' is " + std::to_string(value) + ": no size of anything");
  }
}

/// Reads the files that the model has beside it. Throws `errc::model_not_found` where one is missing, and
/// `errc::model_invalid` where one is too short.
inline void take_external(ModelFile& file, const std::filesystem::path& folder,
                          const std::vector<onnx::ExternalFile>& wanted) {
  for (const onnx::ExternalFile& each : wanted) {
    const std::filesystem::path path = folder / each.name;
    const auto fault = [&](errc code, const std::string& has) {
      throw Error(code, "model '" + file.name + "' has tensor '" + each.tensor + "' in '" + each.name +
                            "', up to byte " + std::to_string(each.bytes) + ": " + has);
    };
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed))
      fault(errc::model_not_found, "there is no file '" + path.string() + "'");
    ServedFile& part = file.external.emplace_back();
    part.name = each.name;
    serve_file(part, path, [](auto) {});
    if (part.size < each.bytes)
      fault(errc::model_invalid, "the file '" + path.string() + "' has " + std::to_string(part.size) + " bytes");
  }
}

/// Reads and checks a file, and those beside it that it needs. `initialize`, if any, may change the options first.
/// Throws `errc::model_not_found`, `errc::model_invalid` or `errc::invalid_options`, and what `initialize` throws.
inline ModelFile read_model_file(const std::filesystem::path& path, ModelOptions& options,
                                 const ModelInitializer& initialize = {}) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed))
    throw Error(errc::model_not_found,
                "no model file '" + path.string() + "'" + (failed ? ": " + failed.message() : ""));
  ModelFile file;
  file.name = options.name.empty() ? path.stem().string() : options.name;
  std::vector<onnx::ExternalFile> beside;
  serve_file(file, path, [&](std::span<const std::byte> bytes) {
    file.info = onnx::read_model_info(bytes, file.name);
    beside = onnx::read_external_files(bytes, file.name);
  });
  take_external(file, path.parent_path(), beside);
  if (initialize) {
    initialize(file.name, file.info, options);
    if (!options.name.empty()) file.name = options.name;
  }
  check_free_dimensions({&file, 1}, options.free_dimensions);
  fill_in(file.info.inputs, options.free_dimensions);
  fill_in(file.info.outputs, options.free_dimensions);
  return file;
}

}  // namespace webpool::driver
