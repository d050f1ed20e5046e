#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/datatype.hpp>
#include <webpool/ids.hpp>
#include <webpool/model_info.hpp>
#include <webpool/protocol/messages.hpp>
#include <webpool/request.hpp>
#include <webpool/shape.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

inline std::optional<std::string> check_output(const ModelInfo& info, std::string_view name, Datatype datatype,
                                               const Shape& shape) {
  const TensorSpec* spec = ModelInfo::find(info.outputs, name);
  if (spec && spec->datatype == datatype && (spec->any_rank || spec->shape.accepts(shape))) return std::nullopt;
  return "the page answered with an output '" + std::string(name) + "' " + std::string(to_string(datatype)) + " " +
         to_string(shape) + " that the model does not declare";
}

/// What is wrong with a page's answer; empty when nothing is. What a page sends is not believed: each output must be
/// one that the model declares, and each of those asked for must be there, or have stayed in the tab where that was
/// asked, under the id that it was to have. `asked` is null when nobody waits.
inline std::optional<std::string> check_outputs(const ModelInfo& info, const std::vector<NamedTensor>& outputs,
                                                std::span<const protocol::KeptTensor> kept, const RequestOptions* asked,
                                                std::span<const TensorId> ids) {
  for (const auto& [name, tensor] : outputs)
    if (auto wrong = check_output(info, name, tensor.datatype(), tensor.shape())) return wrong;
  for (const auto& each : kept)
    if (auto wrong = check_output(info, each.name, each.datatype, each.shape)) return wrong;
  if (!asked) return std::nullopt;
  const auto& stay = asked->keep_on_device;
  for (const auto& each : kept) {
    const auto place = std::ranges::find(stay, each.name);
    if (place == stay.end() || ids[static_cast<std::size_t>(place - stay.begin())] != each.tensor)
      return "the page kept the output '" + each.name + "' as tensor " + std::to_string(each.tensor.value) +
             ", which it was not asked to";
  }
  std::optional<std::string> wrong;
  const auto look_for = [&](const std::string& name) {
    const bool stays = std::ranges::find(stay, name) != stay.end();
    const bool there = stays ? std::ranges::find(kept, name, &protocol::KeptTensor::name) != kept.end()
                             : std::ranges::find(outputs, name, &NamedTensor::name) != outputs.end();
    if (!there && !wrong)
      wrong = "the page answered without the output '" + name + "'" + (stays ? ", which was to stay" : "");
  };
  if (asked->outputs.empty())
    std::ranges::for_each(info.outputs, look_for, &TensorSpec::name);
  else
    std::ranges::for_each(asked->outputs, look_for);
  return wrong;
}

}  // namespace webpool::driver
