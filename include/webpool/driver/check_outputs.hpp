#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>
#include <webpool/model_info.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

/// What is wrong with a page's answer; empty when nothing is. What a page sends is not believed: each output must be
/// one that the model declares, and each of `wanted` (empty: all) must be there. `wanted` is null when nobody waits.
inline std::optional<std::string> check_outputs(const ModelInfo& info, const std::vector<NamedTensor>& outputs,
                                                const std::vector<std::string>* wanted) {
  for (const auto& [name, tensor] : outputs) {
    const TensorSpec* spec = ModelInfo::find(info.outputs, name);
    if (!spec || spec->datatype != tensor.datatype() || !spec->accepts(tensor.shape()))
      return "the page answered with an output '" + name + "' " + std::string(to_string(tensor.datatype())) + " " +
             to_string(tensor.shape()) + " that the model does not declare";
  }
  if (!wanted) return std::nullopt;
  std::vector<std::string> names = *wanted;
  if (names.empty()) std::ranges::transform(info.outputs, std::back_inserter(names), &TensorSpec::name);
  for (const auto& name : names)
    if (std::ranges::find(outputs, name, &NamedTensor::name) == outputs.end())
      return "the page answered without the output '" + name + "'";
  return std::nullopt;
}

}  // namespace webpool::driver
