#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace webpool::testing {

/// An input or output of a model that is made for a test. An extent is a number, the name of a free one, or free
/// without a name ("").
struct OnnxValue {
  std::string name;
  std::optional<std::vector<std::variant<std::int64_t, std::string>>> shape;  ///< empty: even the rank is free
  int element = 1;  ///< ONNX's number of the datatype; 1: FP32
};

namespace onnx_proto {

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value > 127; value >>= 7) bytes += static_cast<char>((value & 127) | 128);
  return bytes += static_cast<char>(value);
}
inline std::string number(unsigned field, std::uint64_t value) { return varint(field << 3) + varint(value); }
inline std::string text(unsigned field, std::string_view bytes) {
  return varint(field << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

inline std::string value_info(const OnnxValue& value) {
  std::string type = number(1, static_cast<std::uint64_t>(value.element));
  if (value.shape) {
    std::string extents;
    for (const auto& extent : *value.shape) {
      const auto* fixed = std::get_if<std::int64_t>(&extent);
      const std::string name = fixed ? "" : std::get<std::string>(extent);
      extents += text(1, fixed ? number(1, static_cast<std::uint64_t>(*fixed)) : name.empty() ? "" : text(2, name));
    }
    type += text(2, extents);
  }
  return text(1, value.name) + text(2, text(1, type));
}

}  // namespace onnx_proto

/// An operator without attributes.
struct OnnxNode {
  std::string op;
  std::vector<std::string> inputs, outputs;
};

/// Weights of FP32: their values, or what the model says of the file that holds them.
struct OnnxWeight {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::vector<float> values;
  std::vector<std::pair<std::string, std::string>> external{};

  std::string bytes() const { return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)}; }
  /// A TensorProto.
  std::string encoded() const {
    std::string tensor;
    for (const std::uint64_t extent : shape) tensor += onnx_proto::number(1, extent);
    tensor += onnx_proto::number(2, 1) + onnx_proto::text(8, name);
    if (external.empty()) return tensor + onnx_proto::text(9, bytes());
    for (const auto& [key, value] : external)
      tensor += onnx_proto::text(13, onnx_proto::text(1, key) + onnx_proto::text(2, value));
    return tensor + onnx_proto::number(14, 1);
  }
};

/// The bytes of a model. One without nodes is enough for all that the host looks at.
inline std::string onnx_file(const std::vector<OnnxValue>& inputs, const std::vector<OnnxValue>& outputs,
                             const std::vector<OnnxNode>& nodes = {}, const std::vector<OnnxWeight>& weights = {}) {
  std::string graph;
  for (const auto& node : nodes) {
    std::string bytes;
    for (const auto& name : node.inputs) bytes += onnx_proto::text(1, name);
    for (const auto& name : node.outputs) bytes += onnx_proto::text(2, name);
    graph += onnx_proto::text(1, bytes + onnx_proto::text(4, node.op));
  }
  graph += onnx_proto::text(2, "graph");
  for (const auto& each : weights) graph += onnx_proto::text(5, each.encoded());
  for (const auto& each : inputs) graph += onnx_proto::text(11, onnx_proto::value_info(each));
  for (const auto& each : outputs) graph += onnx_proto::text(12, onnx_proto::value_info(each));
  return onnx_proto::number(1, 8) + onnx_proto::text(7, graph) + onnx_proto::text(8, onnx_proto::number(2, 17));
}

}  // namespace webpool::testing
