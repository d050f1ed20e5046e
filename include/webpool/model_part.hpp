#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <webpool/error.hpp>
#include <webpool/model_bytes.hpp>
#include <webpool/options.hpp>

namespace webpool {

/// One of several models that are loaded together, so that the first can be used while the last still comes.
struct ModelPart {
  std::filesystem::path path{};
  ModelOptions options{};
  /// The part with the largest loads first. Either each part has a number of its own, or none has any: then they load
  /// in the order given.
  std::optional<int> priority{};
  /// Called once on the pool's thread, where it must neither block nor throw: without an error when the part is in as
  /// many tabs as asked for, with the reasons when it can't be. Not called for a part that is released before.
  std::function<void(const std::optional<Error>&)> ready{};
  std::optional<ModelBytes> bytes{};  ///< in place of the path
};

}  // namespace webpool
