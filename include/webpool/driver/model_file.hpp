#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>
#include <webpool/byte_source.hpp>
#include <webpool/driver/free_dimensions.hpp>
#include <webpool/driver/interrupt.hpp>
#include <webpool/driver/served_file.hpp>
#include <webpool/error.hpp>
#include <webpool/model_bytes.hpp>
#include <webpool/model_info.hpp>
#include <webpool/onnx/external_data.hpp>
#include <webpool/onnx/model_info.hpp>
#include <webpool/options.hpp>
#include <webpool/source/file.hpp>

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

inline std::size_t total_size(std::span<const ModelFile> files) noexcept {
  std::size_t sum = 0;
  for (const ModelFile& file : files) sum += file.total_size();
  return sum;
}

/// `serve`, but what is wrong about the source is told with `what` it is.
inline void take(ServedFile& file, const std::shared_ptr<ByteSource>& source, const std::string& what,
                 const Interrupt& interrupt, const LookAtBytes& look = {}) {
  bool looking = false;
  const LookAtBytes note_and_look = [&](std::span<const std::byte> bytes) {
    looking = true;
    look(bytes);
    looking = false;
  };
  try {
    serve(file, source, look ? note_and_look : look, most_in_memory, interrupt);
  } catch (const Error& fault) {
    if (looking) throw;
    throw Error(static_cast<errc>(fault.code().value()), what + " can't be read: " + fault.message());
  }
}

/// Reads the files that hold tensors of the model; `where(name)` tells of one that is not found. Throws
/// `errc::model_not_found` where one is missing, `errc::model_invalid` where one is too short, and what reading throws.
template <class Where>
void take_external(ModelFile& file, const FindSource& find, const std::vector<onnx::ExternalFile>& wanted, Where where,
                   const Interrupt& interrupt) {
  for (const onnx::ExternalFile& each : wanted) {
    const auto fault = [&](errc code, const std::string& has) {
      throw Error(code, "model '" + file.name + "' has tensor '" + each.tensor + "' in '" + each.name +
                            "', up to byte " + std::to_string(each.bytes) + ": " + has);
    };
    const auto source = find ? webpool::detail::ask([&] { return find(each.name); }) : std::shared_ptr<ByteSource>();
    if (!source) fault(errc::model_not_found, "there is no " + where(each.name));
    ServedFile& part = file.external.emplace_back();
    part.name = each.name;
    take(part, source, "'" + each.name + "' of model '" + file.name + "'", interrupt);
    if (part.size < each.bytes)
      fault(errc::model_invalid, "the " + where(each.name) + " has " + std::to_string(part.size) + " bytes");
  }
}

/// Reads and checks a model, and what else it needs. `initialize`, if any, may change the options first.
template <class Where>
ModelFile read_model_bytes(const ModelBytes& model, ModelOptions& options, const ModelInitializer& initialize,
                           Where where, const Interrupt& interrupt) {
  ModelFile file;
  file.name = options.name.empty() ? model.name : options.name;
  if (file.name.empty())
    throw Error(errc::invalid_options, "a model that does not come from a file has no name: give it one");
  const std::string what = "model '" + file.name + "'";
  if (!model.source) throw Error(errc::invalid_options, what + " has no source of bytes");
  std::vector<onnx::ExternalFile> wanted;
  take(file, model.source, what, interrupt, [&](std::span<const std::byte> bytes) {
    file.info = onnx::read_model_info(bytes, file.name);
    wanted = onnx::read_external_files(bytes, file.name);
  });
  take_external(file, model.external, wanted, where, interrupt);
  if (initialize) {
    initialize(file.name, file.info, options);
    if (!options.name.empty()) file.name = options.name;
  }
  const ModelInfo* const info = &file.info;
  options.free_dimensions = check_free_dimensions(file.name, {&info, 1}, options.free_dimensions);
  fill_in(file.info, options.free_dimensions);
  return file;
}

/// Reads and checks a model from any source, and its external data. `initialize`, if any, may change the options first.
/// Throws `errc::model_not_found`, `errc::model_invalid`, `errc::no_backend` or `errc::invalid_options`, what
/// `initialize` throws, and what `ByteSource` says of faults; `errc::cancelled` soon after `interrupt` was raised.
inline ModelFile read_model_file(const ModelBytes& model, ModelOptions& options,
                                 const ModelInitializer& initialize = {}, const Interrupt& interrupt = {}) {
  return read_model_bytes(
      model, options, initialize, [](const std::string& name) { return "source for a file '" + name + "'"; },
      interrupt);
}

/// The same of a file, with the files beside it.
inline ModelFile read_model_file(const std::filesystem::path& path, ModelOptions& options,
                                 const ModelInitializer& initialize = {}, const Interrupt& interrupt = {}) {
  const auto folder = path.parent_path();
  const auto source = source::detail::File::open(path);
  if (!source) {
    std::error_code failed;
    const bool there = std::filesystem::is_regular_file(path, failed);
    throw Error(errc::model_not_found, (there ? "can't read model file '" : "no model file '") + path.string() + "'" +
                                           (failed ? ": " + failed.message() : ""));
  }
  return read_model_bytes(
      {source, path.stem().string(), source::folder(folder)}, options, initialize,
      [&](const std::string& name) { return "file '" + (folder / name).string() + "'"; }, interrupt);
}

}  // namespace webpool::driver
