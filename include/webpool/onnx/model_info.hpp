#pragma once

#include <protozero/pbf_message.hpp>
#include <protozero/pbf_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/error.hpp>
#include <webpool/model_info.hpp>
#include <webpool/onnx/file_kind.hpp>
#include <webpool/onnx/value_type.hpp>
#include <webpool/shape.hpp>

namespace webpool::onnx {

namespace detail {

/// Field numbers of onnx.proto, as far as they are read here.
enum class ModelField : Tag {
  ir_version = 1,
  producer_name = 2,
  producer_version = 3,
  graph = 7,
  opset_import = 8,
  metadata = 14
};
enum class OpsetField : Tag { domain = 1, version = 2 };
enum class GraphField : Tag { initializer = 5, input = 11, output = 12, sparse_initializer = 15 };
enum class ValueField : Tag { name = 1, type = 2 };
enum class TensorTypeField : Tag { shape = 2 };
enum class ShapeField : Tag { dimension = 1 };
enum class DimensionField : Tag { value = 1, symbol = 2 };
inline constexpr Tag tensor_name = 8, sparse_values = 1, entry_key = 1, entry_value = 2;

[[noreturn]] inline void invalid(const std::string& reason) { throw Error(errc::model_invalid, reason); }
/// It is ONNX, but nothing here can run it.
[[noreturn]] inline void unusable(const std::string& reason) { throw Error(errc::no_backend, reason); }

inline std::string_view view(protozero::data_view bytes) noexcept { return {bytes.data(), bytes.size()}; }

/// The first text in field `tag` of a message; what stands behind it is not looked at.
inline std::string_view find_text(protozero::pbf_reader message, Tag tag) {
  if (message.next(tag, Wire::length_delimited)) return view(message.get_view());
  return {};
}

/// An input or output: what it takes or gives, or the type of what can't travel.
struct Value {
  TensorSpec spec;
  std::string unsupported;
};

/// Of a shape with too many dimensions, none is kept.
inline void read_shape(protozero::pbf_reader message, Value& value) {
  std::vector<std::int64_t> extents;
  std::vector<std::string> symbols;
  while (message.next(static_cast<Tag>(ShapeField::dimension), Wire::length_delimited)) {
    protozero::pbf_message<DimensionField> dimension(message.get_message());
    extents.push_back(Shape::any);
    symbols.emplace_back();
    while (dimension.next()) {
      switch (dimension.tag_and_type()) {
        case tag_and_type(DimensionField::value, Wire::varint):
          // Some exporters write a free extent as any negative number.
          extents.back() = std::max(Shape::any, dimension.get_int64());
          break;
        case tag_and_type(DimensionField::symbol, Wire::length_delimited):
          symbols.back() = dimension.get_string();
          break;
        default: dimension.skip();
      }
    }
  }
  if (extents.size() > Shape::max_rank) {
    value.unsupported =
        "a tensor of " + std::to_string(extents.size()) + " dimensions, more than " + std::to_string(Shape::max_rank);
    return;
  }
  value.spec.shape = Shape(extents);
  value.spec.symbols = std::move(symbols);
}

inline void read_tensor_type(protozero::pbf_reader tensor, Value& value) {
  const std::int32_t element = read_element(tensor);
  if (const auto datatype = datatype_of_element(element))
    value.spec.datatype = *datatype;
  else
    value.unsupported = "tensor(" + name_of_element(element) + ")";
  value.spec.any_rank = !tensor.next(static_cast<Tag>(TensorTypeField::shape), Wire::length_delimited);
  if (!value.spec.any_rank) read_shape(tensor.get_message(), value);
}

/// `role`: whether it is an input or output, for the sentence.
inline Value read_value(protozero::data_view bytes, std::string_view role) {
  Value value;
  value.spec.name = find_text(protozero::pbf_reader(bytes), static_cast<Tag>(ValueField::name));
  try {
    protozero::pbf_reader message(bytes);
    if (!message.next(static_cast<Tag>(ValueField::type), Wire::length_delimited)) invalid("it has no type");
    const protozero::pbf_reader type = message.get_message();
    protozero::pbf_reader tensor = type;
    if (tensor.next(static_cast<Tag>(TypeField::tensor), Wire::length_delimited))
      read_tensor_type(tensor.get_message(), value);
    else
      value.unsupported = describe_type(type);
  } catch (const Error& error) {
    invalid(std::string(role) + " '" + value.spec.name + "': " + error.message());
  }
  return value;
}

inline void read_input(protozero::data_view bytes, ModelInfo& info) {
  Value value = read_value(bytes, "input");
  if (!value.unsupported.empty())
    unusable("its input '" + value.spec.name + "' is " + value.unsupported + ", which can't be passed to a browser");
  info.inputs.push_back(std::move(value.spec));
}

inline void read_output(protozero::data_view bytes, ModelInfo& info) {
  Value value = read_value(bytes, "output");
  if (value.unsupported.empty())
    info.outputs.push_back(std::move(value.spec));
  else
    info.unsupported_outputs.push_back({std::move(value.spec.name), std::move(value.unsupported)});
}

/// Skips nodes and the bytes of initializers unread.
inline void read_graph(protozero::pbf_message<GraphField> graph, ModelInfo& info) {
  std::vector<protozero::data_view> inputs;
  std::vector<std::string_view> initializers;
  while (graph.next()) {
    switch (graph.tag_and_type()) {
      case tag_and_type(GraphField::initializer, Wire::length_delimited):
        initializers.push_back(find_text(graph.get_message(), tensor_name));
        break;
      case tag_and_type(GraphField::sparse_initializer, Wire::length_delimited): {
        protozero::pbf_reader sparse = graph.get_message();
        if (sparse.next(sparse_values, Wire::length_delimited))
          initializers.push_back(find_text(sparse.get_message(), tensor_name));
        break;
      }
      case tag_and_type(GraphField::input, Wire::length_delimited): inputs.push_back(graph.get_view()); break;
      case tag_and_type(GraphField::output, Wire::length_delimited): read_output(graph.get_view(), info); break;
      default: graph.skip();
    }
  }
  std::ranges::sort(initializers);
  for (const auto& input : inputs) {
    const auto name = find_text(protozero::pbf_reader(input), static_cast<Tag>(ValueField::name));
    if (!std::ranges::binary_search(initializers, name)) read_input(input, info);
  }
}

/// The version of ONNX's own operators; 0 for an import of some other set.
inline std::int64_t read_opset(protozero::pbf_message<OpsetField> message) {
  std::string_view domain;
  std::int64_t version = 0;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case tag_and_type(OpsetField::domain, Wire::length_delimited): domain = view(message.get_view()); break;
      case tag_and_type(OpsetField::version, Wire::varint): version = message.get_int64(); break;
      default: message.skip();
    }
  }
  return domain.empty() || domain == "ai.onnx" ? version : 0;
}

/// Throws when the field that `message` has come to, one of the whole file's, ends behind the file.
inline void check_extent(const protozero::pbf_message<ModelField>& message, std::size_t file_bytes) {
  if (message.wire_type() != Wire::length_delimited) return;
  const auto rest = message.data();
  const char* start = rest.data();
  const std::uint64_t length = protozero::decode_varint(&start, rest.data() + rest.size());
  const auto remaining = static_cast<std::uint64_t>(rest.data() + rest.size() - start);
  if (length > remaining)
    invalid("the file is truncated after " + std::to_string(file_bytes) + " of at least " +
            std::to_string(file_bytes - remaining + length) + " bytes");
}

inline ModelInfo read_model(std::string_view file) {
  ModelInfo info;
  bool graph = false, opset = false;
  protozero::pbf_message<ModelField> model(file.data(), file.size());
  while (model.next()) {
    check_extent(model, file.size());
    switch (model.tag_and_type()) {
      case tag_and_type(ModelField::ir_version, Wire::varint): info.ir_version = model.get_int64(); break;
      case tag_and_type(ModelField::producer_name, Wire::length_delimited): info.producer = model.get_string(); break;
      case tag_and_type(ModelField::producer_version, Wire::length_delimited):
        if (const auto text = view(model.get_view()); !text.empty()) info.producer.append(" ").append(text);
        break;
      case tag_and_type(ModelField::graph, Wire::length_delimited):
        graph = true;
        read_graph(model.get_message(), info);
        break;
      case tag_and_type(ModelField::opset_import, Wire::length_delimited):
        opset = true;
        info.opset = std::max(info.opset, read_opset(model.get_message()));
        break;
      case tag_and_type(ModelField::metadata, Wire::length_delimited): {
        const auto entry = model.get_message();
        info.metadata.insert_or_assign(std::string(find_text(entry, entry_key)),
                                       std::string(find_text(entry, entry_value)));
        break;
      }
      default: model.skip();
    }
  }
  if (!graph) invalid("there is no graph in it");
  if (info.ir_version <= 0) invalid("it names no IR version");
  if (!opset) invalid("it imports no operator set; perhaps its end is missing");
  if (info.outputs.empty() && info.unsupported_outputs.empty()) invalid("its graph has no outputs");
  if (info.outputs.empty()) {
    std::string types;
    for (const auto& [name, type] : info.unsupported_outputs)
      types += (types.empty() ? "'" : ", '") + name + "' is " + type;
    unusable("none of its outputs can leave one: " + types);
  }
  return info;
}

}  // namespace detail

/// What an ONNX file says about itself: versions, producer, inputs that are not initializers, and outputs, in file
/// order. Weights are skipped unread, so the cost does not depend on their size. `name` stands in the error's sentence.
///
/// Throws `errc::model_invalid` when the bytes are empty, truncated, damaged or something else than ONNX, and
/// `errc::no_backend` when an input, or every output, is something else than a tensor that can travel. A model whose
/// end is missing exactly behind a whole field of the outermost message can't always be told from a complete one.
inline ModelInfo read_model_info(std::span<const std::byte> file, std::string_view name) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  std::string reason;
  try {
    if (!file.empty()) return detail::read_model(text);
    reason = "the file is empty";
  } catch (const Error& error) {
    if (error.code() == errc::no_backend)
      throw Error(errc::no_backend, "model '" + std::string(name) + "' can't run in a browser: " + error.message());
    reason = error.message();
  } catch (const protozero::exception&) {
    reason = "the file is damaged or truncated";
  }
  if (!file.empty() && !starts_like_onnx(text)) reason = "the file " + describe_start(text);
  throw Error(errc::model_invalid, "model '" + std::string(name) + "' is not valid ONNX: " + reason);
}

}  // namespace webpool::onnx
