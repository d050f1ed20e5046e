#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/detail/unique_function.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/driver/served_file.hpp>
#include <webpool/expected.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

using LoadCompletion = detail::UniqueFunction<void(Expected<ModelIndex>)>;

/// What becomes of a model that can't be loaded.
enum class Failing : std::uint8_t {
  leaves,  ///< nobody has it yet
  stays    ///< its requests end with the reasons, until it is released
};

/// What the pool loads into workers: a model, or several that share them.
struct LoadingModel {
  LoadingModel(std::vector<ModelFile> of, ModelOptions how, LoadCompletion done, Failing when)
      : files(std::move(of)), options(std::move(how)), ready(std::move(done)), failing(when) {
    for (const ModelFile& file : files) name += (name.empty() ? "" : " + ") + file.name;
  }

  std::size_t bytes() const { return total_size(files); }

  /// Equal to that of another handle of the same bytes on the same backends.
  std::string identity() const {
    std::string text;
    for (const ModelFile& file : files) text += file.sha256 + ' ';
    for (const Backend backend : options.backends) text.append(to_string(backend)) += ' ';
    return text;
  }

  /// The file with that hash, or null.
  const ServedFile* find(std::string_view sha256) const {
    for (const ModelFile& file : files) {
      if (file.sha256 == sha256) return &file;
      for (const ServedFile& part : file.external)
        if (part.sha256 == sha256) return &part;
    }
    return nullptr;
  }

  std::string name;
  std::vector<ModelFile> files;
  ModelOptions options;
  LoadCompletion ready;              ///< empty once called
  std::shared_ptr<Ticket> ticket{};  ///< null where nobody can cancel the load
  Failing failing;
};

}  // namespace webpool::driver
