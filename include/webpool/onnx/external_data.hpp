#pragma once

#include <protozero/pbf_message.hpp>
#include <protozero/pbf_reader.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/datatype.hpp>
#include <webpool/error.hpp>
#include <webpool/onnx/model_info.hpp>

namespace webpool::onnx {

/// A file beside an ONNX file that holds some of its tensors.
struct ExternalFile {
  std::string name;
  std::uint64_t bytes = 0;  ///< that it must have, at least
  std::string tensor;       ///< the one that ends there
};

namespace detail {

/// Field numbers of onnx.proto on the way to tensors.
enum class NodeField : Tag { attribute = 5 };
enum class AttributeField : Tag { tensor = 5, graph = 6, tensors = 10, graphs = 11 };
enum class InnerGraphField : Tag { node = 1, initializer = 5, sparse_initializer = 15 };
enum class SparseField : Tag { values = 1, indices = 2 };
enum class TensorField : Tag { extent = 1, element = 2, name = 8, external = 13, location = 14 };

constexpr std::uint64_t saturated_product(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return b != 0 && a > most / b ? most : a * b;
}
constexpr std::uint64_t saturated_sum(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return a > most - b ? most : a + b;
}

/// Collects what tensors say of files, wherever in a graph they are.
class ExternalFiles {
 public:
  void read_graph(protozero::pbf_message<InnerGraphField> graph, unsigned depth = 0) {
    if (depth > deepest) invalid("its graphs are nested more than " + std::to_string(deepest) + " deep");
    while (graph.next()) {
      switch (graph.tag_and_type()) {
        case tag_and_type(InnerGraphField::node, Wire::length_delimited): read_node(graph.get_message(), depth); break;
        case tag_and_type(InnerGraphField::initializer, Wire::length_delimited):
          read_tensor(graph.get_message());
          break;
        case tag_and_type(InnerGraphField::sparse_initializer, Wire::length_delimited): {
          protozero::pbf_message<SparseField> sparse(graph.get_message());
          while (sparse.next()) {
            if (sparse.wire_type() == Wire::length_delimited)
              read_tensor(sparse.get_message());
            else
              sparse.skip();
          }
          break;
        }
        default: graph.skip();
      }
    }
  }

  std::vector<ExternalFile> take() { return std::move(files_); }

 private:
  static constexpr unsigned deepest = 30;  ///< Protocol Buffers itself stops at 100 messages, three to a graph

  void read_node(protozero::pbf_reader node, unsigned depth) {
    while (node.next(static_cast<Tag>(NodeField::attribute), Wire::length_delimited)) {
      protozero::pbf_message<AttributeField> attribute(node.get_message());
      while (attribute.next()) {
        switch (attribute.tag_and_type()) {
          case tag_and_type(AttributeField::tensor, Wire::length_delimited):
          case tag_and_type(AttributeField::tensors, Wire::length_delimited):
            read_tensor(attribute.get_message());
            break;
          case tag_and_type(AttributeField::graph, Wire::length_delimited):
          case tag_and_type(AttributeField::graphs, Wire::length_delimited):
            read_graph(attribute.get_message(), depth + 1);
            break;
          default: attribute.skip();
        }
      }
    }
  }

  void read_tensor(protozero::pbf_message<TensorField> message) {
    std::string_view name;
    std::vector<protozero::data_view> entries;
    std::uint64_t count = 1, element = 0;
    bool external = false;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case tag_and_type(TensorField::extent, Wire::varint):
          count = saturated_product(count, static_cast<std::uint64_t>(std::max<std::int64_t>(message.get_int64(), 0)));
          break;
        case tag_and_type(TensorField::extent, Wire::length_delimited):
          for (const std::int64_t extent : message.get_packed_int64())
            count = saturated_product(count, static_cast<std::uint64_t>(std::max<std::int64_t>(extent, 0)));
          break;
        case tag_and_type(TensorField::element, Wire::varint):
          element = static_cast<std::uint64_t>(std::max(message.get_int32(), 0));
          break;
        case tag_and_type(TensorField::name, Wire::length_delimited): name = view(message.get_view()); break;
        case tag_and_type(TensorField::external, Wire::length_delimited): entries.push_back(message.get_view()); break;
        case tag_and_type(TensorField::location, Wire::varint): external = message.get_int32() == 1; break;
        default: message.skip();
      }
    }
    if (!external) return;
    const bool sized = element < detail::elements.size() && detail::elements[element].datatype;
    note(name, entries, saturated_product(count, sized ? size_of(*detail::elements[element].datatype) : 0));
  }

  /// `bytes`: of the tensor, 0 where they aren't known.
  void note(std::string_view tensor, const std::vector<protozero::data_view>& entries, std::uint64_t bytes) {
    const std::string which = "tensor '" + std::string(tensor) + "'";
    std::string_view location;
    std::uint64_t offset = 0;
    for (const auto& entry : entries) {
      const auto key = find_text(protozero::pbf_reader(entry), 1), value = find_text(protozero::pbf_reader(entry), 2);
      if (key == "location") location = value;
      if (key == "offset") offset = number(which, key, value);
      if (key == "length") bytes = number(which, key, value);
    }
    if (location.empty()) invalid(which + " lies in another file, of which it doesn't say the name");
    if (location == "." || location == ".." || location.find_first_of(std::string_view("/\\:\0", 4)) != location.npos)
      invalid(which + " lies in '" + std::string(location) +
              "': it must be the name of a file in the model's own folder");
    const std::uint64_t end = saturated_sum(offset, bytes);
    const auto known = std::ranges::find(files_, location, &ExternalFile::name);
    if (known == files_.end())
      files_.push_back({std::string(location), end, std::string(tensor)});
    else if (known->bytes < end)
      known->bytes = end, known->tensor = tensor;
  }

  static std::uint64_t number(const std::string& tensor, std::string_view key, std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size())
      invalid(tensor + " has the " + std::string(key) + " '" + std::string(text) + "' in its file: no number of bytes");
    return value;
  }

  std::vector<ExternalFile> files_;
};

}  // namespace detail

/// The files beside an ONNX file that it needs, in the order in which its tensors name them: weights and constants,
/// also those inside of graphs that are attributes of nodes. The bytes of tensors are skipped unread. `model` stands in
/// the error's sentence.
///
/// Throws `errc::model_invalid` for a name that isn't just one of a file in the same folder, for numbers that are none,
/// and for a damaged file.
inline std::vector<ExternalFile> read_external_files(std::span<const std::byte> file, std::string_view model) {
  std::string reason = "the file is damaged or truncated";
  try {
    detail::ExternalFiles found;
    protozero::pbf_reader message(reinterpret_cast<const char*>(file.data()), file.size());
    while (message.next(static_cast<detail::Tag>(detail::ModelField::graph), detail::Wire::length_delimited))
      found.read_graph(message.get_message());
    return found.take();
  } catch (const Error& error) {
    reason = error.message();
  } catch (const protozero::exception&) {
  }
  throw Error(errc::model_invalid, "model '" + std::string(model) + "' can't be used: " + reason);
}

}  // namespace webpool::onnx
