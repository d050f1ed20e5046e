#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/driver/free_dimensions.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/driver/read_source.hpp>
#include <webpool/error.hpp>
#include <webpool/model_source.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

/// The files of models that are to share a worker. Narrows the options to what all of them can do: where there is a
/// kernel, to WebGPU, with its sample's extents among the free dimensions. Throws `errc::invalid_options`, and what
/// reading each throws.
inline std::vector<ModelFile> read_parts(std::span<const ModelSource> parts, ModelOptions& options) {
  if (parts.empty()) throw Error(errc::invalid_options, "load_together was given no models");
  if (!options.url.empty() || options.batching.maximum > 1 || (!options.name.empty() && parts.size() > 1))
    throw Error(errc::invalid_options, "models that are loaded together can't have a url, batching or one name");
  std::vector<ModelFile> files;
  const auto values = std::exchange(options.free_dimensions, {});
  std::map<std::string, std::int64_t> samples;
  for (const ModelSource& part : parts) {
    ModelOptions own = options;
    files.push_back(read_source(part, own));
    options.backends = own.backends;
    samples.merge(own.free_dimensions);
    const auto& name = files.back().name;
    if (std::ranges::count(files, name, &ModelFile::name) > 1)
      throw Error(errc::invalid_options, "two of the models that are loaded together are named '" + name + "'");
  }
  std::vector<const ModelInfo*> infos;
  infos.reserve(files.size());
  for (const ModelFile& file : files) infos.push_back(&file.info);
  options.free_dimensions = check_free_dimensions(files.front().name, infos, values);
  for (ModelFile& file : files) fill_in(file.info, options.free_dimensions);
  options.free_dimensions.merge(samples);
  return files;
}

}  // namespace webpool::driver
