#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/datatype.hpp>
#include <webpool/protocol/frame.hpp>
#include <webpool/protocol/json_reader.hpp>
#include <webpool/shape.hpp>
#include <webpool/tensor.hpp>

/// Tensors in a message of either socket.
namespace webpool::protocol::detail {

/// The fields that the JSON of a tensor and of a specification share.
struct TensorHead {
  std::string_view name;
  Datatype datatype = Datatype::float32;
  std::array<std::int64_t, Shape::max_rank> extents{};
  std::size_t rank = 0;

  std::span<const std::int64_t> shape() const noexcept { return {extents.data(), rank}; }
};

inline TensorHead read_head(Fields& fields, std::int64_t least_extent) {
  TensorHead head;
  head.name = fields["name"].name();
  Value datatype = fields["datatype"];
  const std::string_view name = datatype.text();
  if (const auto known = parse_datatype(name))
    head.datatype = *known;
  else
    datatype.must_be("a datatype of the wire, not " + in_quotes(name));
  Value shape = fields["shape"];
  shape.each([&](Value extent) {
    if (head.rank == Shape::max_rank)
      shape.must_be("an array of at most " + std::to_string(Shape::max_rank) + " extents");
    head.extents[head.rank++] = extent.extent(least_extent);
  });
  return head;
}

inline NamedTensor read_tensor(Fields fields, FrameReader& frame, const std::shared_ptr<const void>& owner) {
  const TensorHead head = read_head(fields, 0);
  Fields parameters = fields["parameters"].fields();
  Value size = parameters["binary_data_size"];
  const std::uint64_t given = size.integer();
  const auto needed = byte_size(head.datatype, head.shape());
  if (needed != given)
    size.must_be("what the shape and datatype need, " +
                 (needed ? std::to_string(*needed) : "more than any frame holds") + ", not " + std::to_string(given));
  const auto bytes = frame.tensor(*needed, head.name);
  return {std::string(head.name), Tensor(head.datatype, Shape(head.shape()), bytes, owner)};
}

template <class Item>
void refuse_repeated_name(const std::vector<Item>& items, Value list) {
  for (std::size_t i = 0; i + 1 < items.size(); ++i)
    if (items[i].name == items.back().name)
      list.must_be("an array of tensors with different names; two are called " + in_quotes(items[i].name));
}

inline std::vector<NamedTensor> read_tensors(Value list, FrameReader& frame, const std::shared_ptr<const void>& owner) {
  constexpr std::size_t usual = 4;
  std::vector<NamedTensor> tensors;
  list.each([&](Value item) {
    if (tensors.empty()) tensors.reserve(usual);
    tensors.push_back(read_tensor(item.fields(), frame, owner));
    refuse_repeated_name(tensors, list);
  });
  return tensors;
}

}  // namespace webpool::protocol::detail
