#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <webpool/byte_source.hpp>

namespace webpool {

/// An ONNX model that need not be a file of its own: where its bytes come from, and those of the files that hold some
/// of its tensors (external data).
struct ModelBytes {
  /// Not null. `name`: the model's, unless `ModelOptions::name` says another; one of them is needed. `external`: only
  /// for models whose tensors lie in other files.
  template <std::derived_from<ByteSource> Source>
  ModelBytes(std::shared_ptr<Source> from, std::string called = {},  // NOLINT(google-explicit-constructor)
             FindSource find = {})
      : source(std::move(from)), name(std::move(called)), external(std::move(find)) {}

  std::shared_ptr<ByteSource> source;
  std::string name;
  FindSource external;
};

}  // namespace webpool
