#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>
#include <webpool/datatype.hpp>

namespace webpool {

/// One extent of a kernel's tensor: a number, or a name whose value comes from the inputs or `Kernel::extents`.
struct KernelExtent {
  // NOLINTBEGIN(google-explicit-constructor): shapes are written as {"rows", 4}
  KernelExtent(const char* name) : text(name) {}
  KernelExtent(std::string name) : text(std::move(name)) {}
  template <std::integral Number>
  KernelExtent(Number size) : text(std::to_string(size)) {}
  // NOLINTEND(google-explicit-constructor)

  std::string text;
};

/// A tensor that is declared for the WGSL under its name, as `array<f32>` (float32), `array<f16>` (float16),
/// `array<i32>` (int32) or `array<u32>` (uint32), row-major. `name` is a WGSL identifier.
struct KernelTensor {
  std::string name;
  Datatype datatype = Datatype::float32;
  std::vector<KernelExtent> shape{};
};

/// One dispatch. Passes run in order, and each sees what earlier ones wrote.
struct KernelPass {
  std::string entry = "main";  ///< a `@compute` function
  /// Invocations along x, y and z, rounded up to whole workgroups: expressions of whole numbers, extents' names,
  /// `workgroup_x`, `workgroup_y`, `workgroup_z`, + - * / (rounded down) and parentheses. Surplus invocations should
  /// return at once.
  std::array<std::string, 3> invocations{"1", "1", "1"};
};

/// One way to run a kernel, for adapters that can.
struct KernelVariant {
  std::array<unsigned, 3> workgroup_size{64, 1, 1};  ///< in WGSL: `workgroup_x`, `workgroup_y`, `workgroup_z`
  std::vector<std::string>
      features{};  ///< WebGPU features that it needs; of these, "shader-f16" and "subgroups" are enabled in the WGSL
  std::string wgsl{};  ///< empty: the kernel's
};

/// A computation in WGSL, run on tensors like a model, on WebGPU.
///
///     webpool::Kernel scale{.name = "scale",
///                           .wgsl = R"(
///                             @compute @workgroup_size(workgroup_x)
///                             fn main(@builtin(global_invocation_id) id: vec3u) {
///                               if (id.x < extents.n) { y[id.x] = 2 * x[id.x]; }
///                             })",
///                           .inputs = {{.name = "x", .shape = {"n"}}},
///                           .outputs = {{.name = "y", .shape = {"n"}}},
///                           .passes = {{.invocations = {"n", "1", "1"}}}};
///
/// Named extents are in the uniform `extents`, as u32. An access beyond the end of an array is not an error. In WGSL,
/// such a read yields any element of the same array, and such a write is dropped or goes to another element of it.
struct Kernel {
  std::string name;
  std::string wgsl;
  std::vector<KernelTensor> inputs{}, outputs{};
  std::vector<KernelTensor> scratch{};  ///< between passes; they stay on the device and hold what earlier runs left
  std::map<std::string, std::string> extents{};  ///< further extents, by rule: {"frames", "(samples - 400) / 160 + 1"}
  std::vector<KernelPass> passes{{}};
  std::vector<KernelVariant> variants{{}};       ///< the first that the adapter can run is used; with
                                                 ///< `ModelOptions::fastest`, the one that runs fastest there
  std::map<std::string, std::int64_t> sample{};  ///< extents of the inputs for warm-up and timing; 1 if absent
};

}  // namespace webpool
