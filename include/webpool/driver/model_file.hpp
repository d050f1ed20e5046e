#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>
#include <webpool/content/onnx.hpp>
#include <webpool/detail/file_reader.hpp>
#include <webpool/detail/read_file.hpp>
#include <webpool/detail/sha256.hpp>
#include <webpool/driver/mapped_file.hpp>
#include <webpool/error.hpp>
#include <webpool/model_info.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

/// An ONNX file or a kernel's text, what it says about itself, and the hash by which pages fetch it.
struct ModelFile {
  std::string name;
  std::string sha256;
  std::size_t size = 0;                                 ///< bytes
  std::shared_ptr<const std::string> bytes;             ///< null when it stays on disk
  std::shared_ptr<webpool::detail::FileReader> file{};  ///< then
  ModelInfo info;  ///< with the values of `ModelOptions::free_dimensions` filled in
  bool kernel = false;
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

/// Larger files are read from disk whenever a page fetches them.
inline constexpr std::size_t most_in_memory = std::size_t{64} << 20;

[[noreturn]] inline void unreadable(const std::filesystem::path& path) {
  throw Error(errc::model_not_found, "can't read model file '" + path.string() + "'");
}

inline void take_small_file(ModelFile& file, const std::filesystem::path& path) {
  file.bytes = webpool::detail::read_file(path);
  if (!file.bytes) unreadable(path);
  const auto bytes = std::as_bytes(std::span(*file.bytes));
  file.size = bytes.size();
  file.info = content::read_model_info(bytes, file.name);
  file.sha256 = webpool::detail::sha256_hex(bytes);
}

inline void take_large_file(ModelFile& file, const std::filesystem::path& path) try {
  file.file = webpool::detail::FileReader::open(path);
  if (!file.file) unreadable(path);
  file.size = file.file->size();
  file.info = content::read_model_info(MappedFile(path).bytes(), file.name);
  webpool::detail::Sha256 hash;
  std::vector<std::byte> piece(std::size_t{1} << 20);
  for (std::size_t done = 0; done < file.size; done += piece.size()) {
    piece.resize(std::min(piece.size(), file.size - done));
    if (!file.file->read(done, piece)) unreadable(path);
    hash.update(piece);
  }
  file.sha256 = hash.hex();
} catch (const std::system_error&) {
  unreadable(path);
}

/// Reads and checks a file. `initialize`, if any, may change the options first. Throws `errc::model_not_found`,
/// `errc::model_invalid` or `errc::invalid_options`, and what `initialize` throws.
inline ModelFile read_model_file(const std::filesystem::path& path, ModelOptions& options,
                                 const ModelInitializer& initialize = {}) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed))
    throw Error(errc::model_not_found,
                "no model file '" + path.string() + "'" + (failed ? ": " + failed.message() : ""));
  ModelFile file;
  file.name = options.name.empty() ? path.stem().string() : options.name;
  if (std::filesystem::file_size(path, failed) > most_in_memory)
    take_large_file(file, path);
  else
    take_small_file(file, path);
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
