#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/detail/unique_function.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/driver/served_file.hpp>
#include <webpool/expected.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

using LoadCompletion = detail::UniqueFunction<void(Expected<ModelIndex>)>;

/// What the pool loads into workers: a model, or several that share them.
struct LoadingModel {
  LoadingModel(std::vector<ModelFile> of, ModelOptions how, LoadCompletion done, bool remains)
      : files(std::move(of)), options(std::move(how)), ready(std::move(done)), stays(remains) {
    for (const ModelFile& file : files) name += (name.empty() ? "" : " + ") + file.name;
  }

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const ModelFile& file : files) sum += file.total_size();
    return sum;
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
  LoadCompletion ready;  ///< empty once called
  bool stays;            ///< also when it can't be loaded: it has been in use before
};

}  // namespace webpool::driver
