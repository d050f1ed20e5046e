#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <webpool/datatype.hpp>
#include <webpool/error.hpp>
#include <webpool/kernel.hpp>

namespace webpool::driver {

inline bool is_whole_number(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 15 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// What WGSL takes for a name in ASCII.
inline bool is_wgsl_identifier(std::string_view text) noexcept {
  const auto word = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); };
  return !text.empty() && text != "_" && !text.starts_with("__") && !(text[0] >= '0' && text[0] <= '9') &&
         std::ranges::all_of(text, word);
}

class KernelCheck {
 public:
  explicit KernelCheck(const Kernel& kernel) : kernel_(kernel) {
    must(!kernel.name.empty(), "has no name");
    must(!kernel.outputs.empty(), "has no outputs");
    must(!kernel.passes.empty(), "has no passes");
    must(!kernel.variants.empty(), "has no variants");
    for (const auto& input : kernel.inputs) tensor(input, Extents::introduced);
    for (const auto& [name, rule] : kernel.extents) {
      must(!extents_.contains(name), "gives extent '" + name + "' by rule, but its inputs have it");
      extent(name);
    }
    for (const auto& [name, value] : kernel.sample) {
      must(extents_.contains(name) && !kernel.extents.contains(name),
           "has a sample of '" + name + "', which is not an extent of its inputs");
      must(value >= 0, "has a sample of '" + name + "' that is " + std::to_string(value));
    }
    for (const auto* tensors : {&kernel.scratch, &kernel.outputs})
      for (const auto& each : *tensors) tensor(each, Extents::known);
    for (const auto& variant : kernel.variants) {
      must(!kernel.wgsl.empty() || !variant.wgsl.empty(), "has no WGSL");
      must(std::ranges::find(variant.workgroup_size, 0u) == variant.workgroup_size.end(), "has a workgroup of size 0");
    }
  }

 private:
  /// What names in a tensor's shape are.
  enum class Extents : std::uint8_t {
    introduced,  // by an input
    known        // from the inputs, or by a rule
  };

  void must(bool good, const std::string& fault) const {
    if (!good) throw Error(errc::invalid_options, "kernel '" + kernel_.name + "' " + fault);
  }

  void name(const std::string& given) {
    must(is_wgsl_identifier(given), "has the name '" + given + "', which is not a WGSL identifier");
    const bool ours = given == "extents" || given == "Extents" || given.starts_with("workgroup_");
    must(!ours, "has the name '" + given + "', which is already declared for it");
  }

  void extent(const std::string& given) {
    name(given);
    extents_.insert(given);
  }

  void tensor(const KernelTensor& given, Extents extents) {
    name(given.name);
    must(names_.insert(given.name).second, "has two tensors named '" + given.name + "'");
    constexpr std::array held{Datatype::float32, Datatype::float16, Datatype::int32, Datatype::uint32};
    must(std::ranges::find(held, given.datatype) != held.end(),
         "has " + std::string(to_string(given.datatype)) + " in '" + given.name +
             "'; WGSL's arrays hold FP32, FP16, INT32 or UINT32");
    for (const auto& [text] : given.shape) {
      if (is_whole_number(text)) continue;
      if (extents == Extents::introduced) extent(text);
      must(extents_.contains(text),
           "has an extent '" + text + "' in '" + given.name + "', which neither its inputs nor Kernel::extents give");
    }
  }

  const Kernel& kernel_;
  std::set<std::string> names_, extents_;
};

/// Throws `errc::invalid_options` for a kernel that no page could make sense of. What only a compiler can find stays.
inline void check_kernel(const Kernel& kernel) { KernelCheck check(kernel); }

}  // namespace webpool::driver
