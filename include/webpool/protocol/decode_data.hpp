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
#include <webpool/backend.hpp>
#include <webpool/datatype.hpp>
#include <webpool/protocol/frame.hpp>
#include <webpool/protocol/json_reader.hpp>
#include <webpool/protocol/messages.hpp>
#include <webpool/shape.hpp>

/// The messages of a worker's data socket, field by field.
namespace webpool::protocol::detail {

/// What a tensor's and a specification's JSON have in common.
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
      list.must_be("an array without two tensors of the name " + in_quotes(items[i].name));
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

inline std::vector<TensorSpec> read_specs(Value list) {
  std::vector<TensorSpec> specs;
  list.each([&](Value item) {
    Fields fields = item.fields();
    const TensorHead head = read_head(fields, Shape::any);
    specs.push_back({std::string(head.name), head.datatype, Shape(head.shape()), {}});
    refuse_repeated_name(specs, list);
  });
  return specs;
}

inline std::vector<BackendFailure> read_tried(Value list) {
  std::vector<BackendFailure> tried;
  list.each([&](Value item) {
    Fields fields = item.fields();
    const auto backend = fields["backend"].choice<Backend>(webpool::detail::backend_names);
    tried.push_back({backend, std::string(fields["message"].text())});
  });
  return tried;
}

inline Result read_result(Fields& fields, FrameReader& frame, const std::shared_ptr<const void>& owner) {
  Result result;
  result.id = RequestId{fields["id"].integer()};
  result.outputs = read_tensors(fields["outputs"], frame, owner);
  Fields times = fields["times"].fields();
  result.times.queued = times["queued"].number();
  result.times.upload = times["upload"].number();
  result.times.compute = times["compute"].number();
  result.times.download = times["download"].number();
  return result;
}

inline Attach read_attach(Fields& fields) {
  Attach attach;
  attach.version = fields["version"].integer();
  if (attach.version != version) return attach;
  attach.worker = WorkerId{fields["worker"].integer()};
  attach.key = fields["key"].name();
  return attach;
}

inline Progress read_progress(Fields& fields) {
  Progress progress;
  progress.id = fields["id"].integer();
  progress.stage = fields["stage"].choice<LoadStage>(stage_names);
  progress.done = fields["done"].integer();
  progress.total = fields["total"].integer();
  return progress;
}

inline Loaded read_loaded(Fields& fields) {
  Loaded loaded;
  loaded.id = fields["id"].integer();
  loaded.backend = fields["backend"].choice<Backend>(webpool::detail::backend_names);
  if (auto device = fields.find("device_type"))
    loaded.device = device->choice<WebnnDevice>(webpool::detail::webnn_device_names);
  loaded.tried = read_tried(fields["tried"]);
  loaded.cpu_fallback = fields["cpu_fallback"].boolean();
  loaded.inputs = read_specs(fields["inputs"]);
  loaded.outputs = read_specs(fields["outputs"]);
  {
    Fields times = fields["times"].fields();
    loaded.times.fetch = times["fetch"].number();
    loaded.times.create = times["create"].number();
    loaded.times.warmup = times["warmup"].number();
  }
  loaded.from_cache = fields["from_cache"].boolean();
  loaded.memory_bytes = fields["memory_bytes"].integer();
  return loaded;
}

inline RunError read_error(Fields& fields) {
  RunError error;
  error.id = fields["id"].integer();
  Value code = fields["code"];
  error.code = code.text();
  if (!parse_error_code(error.code)) code.must_be("an error code of the wire, not " + in_quotes(error.code));
  error.message = fields["message"].text();
  if (auto tried = fields.find("tried")) error.tried = read_tried(*tried);
  if (auto stack = fields.find("stack")) error.stack = stack->text();
  if (auto started = fields.find("started")) error.started = started->boolean();
  return error;
}

inline DeviceLost read_device_lost(Fields& fields) {
  DeviceLost lost;
  lost.reason = fields["reason"].text();
  lost.message = fields["message"].text();
  return lost;
}

inline DataMessage read_data(std::string_view type, Fields& fields, FrameReader& frame,
                             const std::shared_ptr<const void>& owner) {
  if (type == "result") return read_result(fields, frame, owner);
  if (type == "progress") return read_progress(fields);
  if (type == "loaded") return read_loaded(fields);
  if (type == "error") return read_error(fields);
  if (type == "attach") return read_attach(fields);
  if (type == "device_lost") return read_device_lost(fields);
  malformed("a worker's data socket carries no message of type " + in_quotes(type));
}

}  // namespace webpool::protocol::detail
