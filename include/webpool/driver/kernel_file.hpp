#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/driver/check_kernel.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/driver/served_file.hpp>
#include <webpool/error.hpp>
#include <webpool/kernel.hpp>
#include <webpool/model_info.hpp>
#include <webpool/options.hpp>
#include <webpool/protocol/json_text.hpp>
#include <webpool/shape.hpp>
#include <webpool/source/memory.hpp>

namespace webpool::driver {

/// Writes a kernel as the JSON that js/backends/kernel_source.js describes.
class KernelText {
 public:
  explicit KernelText(const Kernel& kernel) {
    out_ = "{\"inputs\":";
    tensors(kernel.inputs);
    out_ += ",\"outputs\":";
    tensors(kernel.outputs);
    out_ += ",\"scratch\":";
    tensors(kernel.scratch);
    out_ += ",\"extents\":";
    list('{', kernel.extents, '}', [&](const auto& each) {
      string(each.first);
      out_ += ':';
      string(each.second);
    });
    out_ += ",\"passes\":";
    list('[', kernel.passes, ']', [&](const KernelPass& pass) {
      out_ += "{\"entry\":";
      string(pass.entry);
      out_ += ",\"invocations\":";
      strings(pass.invocations);
      out_ += '}';
    });
    out_ += ",\"variants\":";
    list('[', kernel.variants, ']', [&](const KernelVariant& variant) {
      out_ += "{\"wgsl\":";
      string(variant.wgsl.empty() ? kernel.wgsl : variant.wgsl);
      out_ += ",\"features\":";
      strings(variant.features);
      out_ += ",\"workgroup_size\":";
      list('[', variant.workgroup_size, ']', [&](unsigned size) { out_ += std::to_string(size); });
      out_ += '}';
    });
    out_ += '}';
  }

  std::string take() { return std::move(out_); }

 private:
  template <class Items, class Write>
  void list(char open, const Items& items, char close, Write write) {
    out_ += open;
    for (bool first = true; const auto& item : items) {
      if (!std::exchange(first, false)) out_ += ',';
      write(item);
    }
    out_ += close;
  }
  void string(std::string_view text) { protocol::detail::append_string(out_, text); }
  template <class Strings>
  void strings(const Strings& items) {
    list('[', items, ']', [this](const auto& item) { string(item); });
  }
  void tensors(const std::vector<KernelTensor>& tensors) {
    list('[', tensors, ']', [&](const KernelTensor& tensor) {
      out_ += "{\"name\":";
      string(tensor.name);
      out_.append(",\"datatype\":\"").append(to_string(tensor.datatype)).append("\",\"shape\":");
      list('[', tensor.shape, ']', [&](const KernelExtent& extent) {
        if (is_whole_number(extent.text))
          out_ += std::to_string(std::stoll(extent.text));
        else
          string(extent.text);
      });
      out_ += '}';
    });
  }

  std::string out_;
};

inline std::vector<TensorSpec> specs_of(const std::vector<KernelTensor>& tensors) {
  std::vector<TensorSpec> specs;
  for (const auto& tensor : tensors) {
    std::vector<std::int64_t> shape;
    std::vector<std::string> symbols;
    for (const auto& [text] : tensor.shape) {
      shape.push_back(is_whole_number(text) ? std::stoll(text) : Shape::any);
      symbols.push_back(is_whole_number(text) ? "" : text);
    }
    specs.push_back({.name = tensor.name, .datatype = tensor.datatype, .shape = Shape(shape), .symbols = symbols});
  }
  return specs;
}

/// The kernel as a model that pages load, with the options that are a kernel's. Throws `errc::invalid_options`.
inline ModelFile make_kernel_file(const Kernel& kernel, ModelOptions& options) {
  check_kernel(kernel);
  if (!options.url.empty() || !options.free_dimensions.empty() || options.batching.maximum > 1)
    throw Error(errc::invalid_options,
                "kernel '" + kernel.name + "': url, free_dimensions and batching are for models");
  options.backends = {Backend::webgpu};
  options.free_dimensions = kernel.sample;
  ModelFile file;
  file.kernel = true;
  file.name = options.name.empty() ? kernel.name : options.name;
  file.info = {.producer = "webpool", .inputs = specs_of(kernel.inputs), .outputs = specs_of(kernel.outputs)};
  serve(file, source::memory(KernelText(kernel).take()));
  return file;
}

}  // namespace webpool::driver
