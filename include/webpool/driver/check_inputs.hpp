#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <webpool/error.hpp>
#include <webpool/model_info.hpp>
#include <webpool/request.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

inline std::string list_names(std::span<const TensorSpec> specs) {
  std::string names;
  for (const auto& spec : specs) names += (names.empty() ? "'" : ", '") + spec.name + "'";
  return names.empty() ? "none" : names;
}

/// Of all their tensors.
inline std::size_t bytes_of(const Inputs& inputs) {
  std::size_t bytes = 0;
  for (const auto& input : inputs) bytes += input.tensor.bytes().size();
  return bytes;
}

/// Whether the request has to do with tensors in tabs: then it is a run of its own, in a tab that it can't choose.
inline bool touches_devices(const Inputs& inputs, const RequestOptions& options) {
  return !options.keep_on_device.empty() ||
         std::ranges::any_of(inputs, [](const NamedTensor& each) { return each.tensor.device() != nullptr; });
}

/// `who`: the model, in words.
inline Error no_such_output(const std::string& who, const ModelInfo& info, const std::string& name) {
  const auto other = std::ranges::find(info.unsupported_outputs, name, &UnsupportedOutput::name);
  if (other == info.unsupported_outputs.end())
    return Error(errc::unknown_output,
                 who + " has no output '" + name + "'; its outputs are " + list_names(info.outputs));
  return Error(errc::bad_input, "output '" + name + "' of " + who + " is " + other->type +
                                    ", which can't leave a browser; the outputs that can are " +
                                    list_names(info.outputs));
}

/// Why a model can't take these inputs or give these outputs; empty when it can. Nothing has been sent by then.
inline std::optional<Error> check_inputs(std::string_view model, const ModelInfo& info, const Inputs& inputs,
                                         const RequestOptions& options) {
  const auto who = [&] { return "model '" + std::string(model) + "'"; };
  for (const auto& [name, tensor] : inputs) {
    const TensorSpec* spec = ModelInfo::find(info.inputs, name);
    if (!spec)
      return Error(errc::unknown_input,
                   who() + " has no input '" + name + "'; its inputs are " + list_names(info.inputs));
    const auto which = [&, &name = name] { return "input '" + name + "' of " + who(); };
    if (std::ranges::count(inputs, name, &NamedTensor::name) > 1)
      return Error(errc::unknown_input, which() + " is given twice");
    if (tensor.datatype() != spec->datatype)
      return Error(errc::wrong_datatype, which() + " takes " + std::string(to_string(spec->datatype)) + ", given " +
                                             std::string(to_string(tensor.datatype())));
    if (!spec->accepts(tensor.shape()))
      return Error(errc::wrong_shape,
                   which() + " has shape " + to_string(spec->shape) + ", given " + to_string(tensor.shape()));
  }
  for (const auto& spec : info.inputs)
    if (std::ranges::find(inputs, spec.name, &NamedTensor::name) == inputs.end())
      return Error(errc::missing_input, who() + " needs input '" + spec.name + "' (" +
                                            std::string(to_string(spec.datatype)) + " " + to_string(spec.shape) + ")");
  for (const auto* names : {&options.outputs, &options.keep_on_device})
    for (const auto& name : *names)
      if (!ModelInfo::find(info.outputs, name)) return no_such_output(who(), info, name);
  for (const auto& name : options.keep_on_device)
    if (std::ranges::count(options.keep_on_device, name) > 1)
      return Error(errc::unknown_output, "output '" + name + "' of " + who() + " is to be kept twice");
  return std::nullopt;
}

}  // namespace webpool::driver
