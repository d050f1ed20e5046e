#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <webpool/error.hpp>
#include <webpool/model_bytes.hpp>
#include <webpool/options.hpp>

namespace webpool {

/// One of several models that are loaded together, so that the first can be used while the last is still loading.
struct ModelPart {
  std::filesystem::path path{};
  ModelOptions options{};
  /// The part with the largest priority loads first. Either each part has a different one, or none has any and they
  /// load in the order given.
  std::optional<int> priority{};
  /// Called once, on the pool's thread: without an error when the part is in as many tabs as requested, or with the
  /// reasons if it can't be. Must neither block nor throw. Not called for a part that is released before that.
  std::function<void(const std::optional<Error>&)> ready{};
  std::optional<ModelBytes> bytes{};  ///< in place of the path
};

}  // namespace webpool
