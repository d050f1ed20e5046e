#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/datatype.hpp>
#include <webpool/shape.hpp>

namespace webpool {

/// One input or output as the model declares it.
struct TensorSpec {
  std::string name{};
  Datatype datatype = Datatype::float32;
  Shape shape{};  ///< free extents are `Shape::any`
  std::vector<std::string>
      symbols{};          ///< per axis, the name of a free extent ("batch"); empty where the extent is fixed
  bool any_rank = false;  ///< the model leaves even the rank open, and `shape` is empty

  /// Whether a tensor of this shape may be passed. A scalar may also have the shape [1].
  bool accepts(const Shape& given) const noexcept {
    return any_rank || shape.accepts(given) || (shape == Shape{} && given == Shape{1});
  }
};

/// An output that no request gets, because values of its type can't leave a browser.
struct UnsupportedOutput {
  std::string name{};
  std::string type{};  ///< in ONNX's words, such as "tensor(string)" or "seq(map(int64,tensor(float)))"
};

/// What an ONNX file says about itself.
struct ModelInfo {
  std::string producer{};
  std::int64_t ir_version = 0;
  std::int64_t opset = 0;
  std::vector<TensorSpec> inputs{}, outputs{};
  std::map<std::string, std::string> metadata{};         ///< its author's notes, such as a decoder's `context_length`
  std::vector<UnsupportedOutput> unsupported_outputs{};  ///< what the graph computes beside `outputs`

  /// The input or output of that name; null if there is none.
  static const TensorSpec* find(std::span<const TensorSpec> specs, std::string_view name) noexcept {
    for (const TensorSpec& each : specs)
      if (each.name == name) return &each;
    return nullptr;
  }
};

}  // namespace webpool
