#pragma once

#include <protozero/pbf_reader.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <webpool/datatype.hpp>

namespace webpool::onnx::detail {

using Wire = protozero::pbf_wire_type;
using Tag = protozero::pbf_tag_type;

/// Field numbers of `TypeProto` and of the messages in it.
enum class TypeField : Tag { tensor = 1, sequence = 4, map = 5, sparse_tensor = 8, optional = 9 };
inline constexpr Tag element_type = 1, map_value_type = 2;

/// `TensorProto.DataType` by its numbers; elements without a datatype can't travel.
struct ElementRow {
  std::string_view name;
  std::optional<Datatype> datatype;
};
inline constexpr std::array<ElementRow, 27> elements{{{"undefined", {}},
                                                      {"float", Datatype::float32},
                                                      {"uint8", Datatype::uint8},
                                                      {"int8", Datatype::int8},
                                                      {"uint16", Datatype::uint16},
                                                      {"int16", Datatype::int16},
                                                      {"int32", Datatype::int32},
                                                      {"int64", Datatype::int64},
                                                      {"string", {}},
                                                      {"bool", Datatype::boolean},
                                                      {"float16", Datatype::float16},
                                                      {"double", Datatype::float64},
                                                      {"uint32", Datatype::uint32},
                                                      {"uint64", Datatype::uint64},
                                                      {"complex64", {}},
                                                      {"complex128", {}},
                                                      {"bfloat16", {}},
                                                      {"float8e4m3fn", {}},
                                                      {"float8e4m3fnuz", {}},
                                                      {"float8e5m2", {}},
                                                      {"float8e5m2fnuz", {}},
                                                      {"uint4", {}},
                                                      {"int4", {}},
                                                      {"float4e2m1", {}},
                                                      {"float8e8m0", {}},
                                                      {"uint2", {}},
                                                      {"int2", {}}}};

/// Those with numbers that are not known here can't travel either.
inline std::optional<Datatype> datatype_of_element(std::int32_t number) {
  const auto row = static_cast<std::size_t>(std::max(number, 0));
  return row < elements.size() ? elements[row].datatype : std::nullopt;
}

inline std::string name_of_element(std::int32_t number) {
  const auto row = static_cast<std::size_t>(std::max(number, 0));
  return row < elements.size() ? std::string(elements[row].name) : "type " + std::to_string(number);
}

/// The element type of a tensor's, sparse tensor's or map's type.
inline std::int32_t read_element(protozero::pbf_reader type) {
  return type.next(element_type, Wire::varint) ? type.get_int32() : 0;
}

/// The type as ONNX writes it: "tensor(string)", "seq(map(int64,tensor(float)))". Types in types deeper than `depth`
/// are left out, so that no file can exhaust the stack.
inline std::string describe_type(protozero::pbf_reader type, unsigned depth = 4) {
  const auto inner = [&](protozero::pbf_reader outer, Tag tag) {
    return depth > 0 && outer.next(tag, Wire::length_delimited) ? describe_type(outer.get_message(), depth - 1)
                                                                : std::string("...");
  };
  while (type.next()) {
    if (type.wire_type() == Wire::length_delimited) switch (static_cast<TypeField>(type.tag())) {
        case TypeField::tensor: return "tensor(" + name_of_element(read_element(type.get_message())) + ")";
        case TypeField::sparse_tensor:
          return "sparse_tensor(" + name_of_element(read_element(type.get_message())) + ")";
        case TypeField::sequence: return "seq(" + inner(type.get_message(), element_type) + ")";
        case TypeField::optional: return "optional(" + inner(type.get_message(), element_type) + ")";
        case TypeField::map: {
          const auto map = type.get_message();
          return "map(" + name_of_element(read_element(map)) + "," + inner(map, map_value_type) + ")";
        }
      }
    type.skip();
  }
  return "of an unknown type";
}

}  // namespace webpool::onnx::detail
