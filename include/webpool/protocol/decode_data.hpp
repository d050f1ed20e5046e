#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/protocol/decode_tensors.hpp>
#include <webpool/protocol/frame.hpp>
#include <webpool/protocol/json_reader.hpp>
#include <webpool/protocol/messages.hpp>
#include <webpool/shape.hpp>

/// The messages of a worker's data socket, field by field.
namespace webpool::protocol::detail {

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
    const auto backend = fields["backend"].choice<Backend>(backend_names());
    tried.push_back({backend, std::string(fields["message"].text())});
  });
  return tried;
}

inline std::vector<KeptTensor> read_kept(Value list) {
  std::vector<KeptTensor> kept;
  list.each([&](Value item) {
    Fields fields = item.fields();
    const TensorHead head = read_head(fields, 0);
    if (!byte_size(head.datatype, head.shape())) item.must_be("a tensor that fits into memory");
    kept.push_back({std::string(head.name), head.datatype, Shape(head.shape()), TensorId{fields["tensor"].integer()}});
    refuse_repeated_name(kept, list);
  });
  return kept;
}

inline Result read_result(Fields& fields, FrameReader& frame, const std::shared_ptr<const void>& owner) {
  Result result;
  result.id = RequestId{fields["id"].integer()};
  result.outputs = read_tensors(fields["outputs"], frame, owner);
  if (auto kept = fields.find("kept")) result.kept = read_kept(*kept);
  Fields times = fields["times"].fields();
  result.times.queued = times["queued"].number();
  result.times.upload = times["upload"].number();
  result.times.compute = times["compute"].number();
  result.times.download = times["download"].number();
  if (auto finish = fields.find("finish")) result.finish = finish->choice<Finish>(finish_names);
  return result;
}

inline Tokens read_tokens(Fields& fields) {
  Tokens news;
  news.id = RequestId{fields["id"].integer()};
  news.index = fields["index"].integer();
  fields["tokens"].each([&](Value token) { news.tokens.push_back(static_cast<std::int64_t>(token.integer())); });
  return news;
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
  if (auto part = fields.find("part")) progress.part = part->integer();
  progress.done = fields["done"].integer();
  progress.total = fields["total"].integer();
  return progress;
}

inline std::vector<NodePlacement> read_placements(Value list) {
  std::vector<NodePlacement> placements;
  list.each([&](Value item) {
    Fields fields = item.fields();
    NodePlacement& each = placements.emplace_back();
    each.provider = fields["provider"].text();
    each.nodes = fields["nodes"].integer();
    fields["operators"].each([&](Value name) { each.operators.emplace_back(name.text()); });
  });
  return placements;
}

inline Loaded read_loaded(Fields& fields) {
  Loaded loaded;
  loaded.id = fields["id"].integer();
  loaded.backend = fields["backend"].choice<Backend>(backend_names());
  if (auto device = fields.find("device_type"))
    loaded.device = device->choice<WebnnDevice>(webpool::detail::webnn_device_names);
  loaded.tried = read_tried(fields["tried"]);
  if (auto remarks = fields.find("remarks"))
    remarks->each([&](Value remark) { loaded.remarks.emplace_back(remark.text()); });
  if (auto verified = fields.find("verified")) loaded.verified = verified->boolean();
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
  if (auto variant = fields.find("variant")) loaded.variant = variant->integer();
  if (auto placements = fields.find("placements")) loaded.placements = read_placements(*placements);
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
  if (type == "tokens") return read_tokens(fields);
  if (type == "progress") return read_progress(fields);
  if (type == "loaded") return read_loaded(fields);
  if (type == "error") return read_error(fields);
  if (type == "attach") return read_attach(fields);
  if (type == "device_lost") return read_device_lost(fields);
  malformed("a worker's data socket carries no message of type " + in_quotes(type));
}

}  // namespace webpool::protocol::detail
