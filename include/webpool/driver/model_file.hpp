#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <webpool/content/onnx.hpp>
#include <webpool/detail/sha256.hpp>
#include <webpool/error.hpp>
#include <webpool/model_info.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

/// An ONNX file in memory, what it says about itself, and the hash by which pages fetch it.
struct ModelFile {
  std::string name;
  std::string sha256;
  std::shared_ptr<const std::string> bytes;
  ModelInfo info;  ///< with the values of `ModelOptions::free_dimensions` filled in
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

/// Reads and checks a file. Throws `errc::model_not_found` or `errc::model_invalid`.
inline ModelFile read_model_file(const std::filesystem::path& path, const ModelOptions& options) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed))
    throw Error(errc::model_not_found,
                "no model file '" + path.string() + "'" + (failed ? ": " + failed.message() : ""));
  std::ifstream stream(path, std::ios::binary);
  std::string bytes(std::filesystem::file_size(path), '\0');
  if (!stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    throw Error(errc::model_not_found, "can't read model file '" + path.string() + "'");

  ModelFile file;
  file.name = options.name.empty() ? path.stem().string() : options.name;
  file.info = content::read_model_info(std::as_bytes(std::span(bytes)), file.name);
  file.sha256 = webpool::detail::sha256_hex(std::as_bytes(std::span(bytes)));
  file.bytes = std::make_shared<const std::string>(std::move(bytes));
  fill_in(file.info.inputs, options.free_dimensions);
  fill_in(file.info.outputs, options.free_dimensions);
  return file;
}

}  // namespace webpool::driver
