#pragma once

#include <span>
#include <string>
#include <string_view>
#include <webpool/protocol/frame.hpp>
#include <webpool/protocol/json_text.hpp>
#include <webpool/protocol/messages.hpp>

/// `encode(out, message)` appends the frame of a message from the pool to `out`, whose capacity is reused.
/// Text is escaped, and repaired if it is not UTF-8, so the page always receives valid JSON. Ids must be at most
/// `max_id`. The only error is `std::bad_alloc`. Different threads may write different strings.
namespace webpool::protocol {

namespace detail {

/// Writes `{"type":…` and then the fields, in the order of the calls.
class HeaderWriter {
 public:
  HeaderWriter(std::string& out, std::string_view type, std::size_t bytes = 128)
      : frame_(out, bytes), out_(frame_.header()) {
    (out_ += R"({"type":")").append(type) += '"';
  }

  HeaderWriter& key(std::string_view name) {
    ((out_ += ",\"").append(name)) += "\":";
    return *this;
  }
  HeaderWriter& field(std::string_view name, std::string_view text) {
    return key(name), append_string(out_, text), *this;
  }
  HeaderWriter& field(std::string_view name, std::uint64_t value) {
    return key(name), append_integer(out_, value), *this;
  }

  /// `[item,item]`, each written by `write(item)`.
  template <class Items, class Write>
  HeaderWriter& list(std::string_view name, const Items& items, Write write) {
    key(name);
    return sequence('[', items, write, ']');
  }
  template <class Items, class Write>
  HeaderWriter& map(std::string_view name, const Items& items, Write write) {
    key(name);
    return sequence('{', items, write, '}');
  }

  FrameWriter& end() {
    out_ += '}';
    frame_.end_header();
    return frame_;
  }

 private:
  template <class Items, class Write>
  HeaderWriter& sequence(char open, const Items& items, Write write, char close) {
    out_ += open;
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ',';
      first = false;
      write(item);
    }
    out_ += close;
    return *this;
  }

  FrameWriter frame_;
  std::string& out_;
};

/// `{"name":"x","datatype":"FP32","shape":[1,4],"parameters":{"binary_data_size":16}}`
inline void append_tensor(std::string& out, const NamedTensor& input) {
  out += R"({"name":)";
  append_string(out, input.name);
  (out += R"(,"datatype":")").append(to_string(input.tensor.datatype())) += R"(","shape":[)";
  for (std::size_t axis = 0; axis < input.tensor.shape().rank(); ++axis) {
    if (axis > 0) out += ',';
    append_integer(out, input.tensor.shape()[axis]);
  }
  out += R"(],"parameters":{"binary_data_size":)";
  append_integer(out, input.tensor.bytes().size());
  out += "}}";
}

/// `[{"name":"x","tensor":7}]`
inline void append_references(HeaderWriter& writer, std::string& out, std::string_view name,
                              std::span<const TensorReference> references) {
  if (references.empty()) return;
  writer.list(name, references, [&](const TensorReference& each) {
    out += R"({"name":)";
    append_string(out, each.name);
    writer.field("tensor", each.tensor.value);
    out += '}';
  });
}

inline void append_model(HeaderWriter& writer, std::string& out, const ModelSource& model) {
  out += R"({"name":)";
  append_string(out, model.name);
  writer.field("sha256", model.sha256).field("bytes", model.bytes).field("url", model.url);
  if (model.kernel) writer.field("format", "kernel");
  if (model.generates) writer.key("generates"), out += "true";
  if (model.device_outputs)
    writer.list("device_outputs", *model.device_outputs, [&](const std::string& name) { append_string(out, name); });
  if (!model.external.empty())
    writer.list("external", model.external, [&](const ExternalSource& file) {
      out += R"({"path":)";
      append_string(out, file.path);
      writer.field("sha256", file.sha256).field("bytes", file.bytes).field("url", file.url);
      out += '}';
    });
  out += '}';
}

/// An upper bound for the bytes of the frame, at most some hundred too high if names are plain text.
inline std::size_t frame_bound(const Run& message) noexcept {
  constexpr std::size_t number = 20, escaped = 6;
  std::size_t bytes = 80 + number;
  for (const auto& [name, tensor] : message.inputs)
    bytes += 96 + number * (tensor.shape().rank() + 1) + escaped * name.size() + aligned(tensor.bytes().size());
  for (const auto& name : message.outputs) bytes += 4 + escaped * name.size();
  for (const auto& list : {message.resident, message.keep})
    for (const auto& each : list) bytes += 48 + number + escaped * each.name.size();
  return bytes;
}

}  // namespace detail

// --- control socket

inline void encode(std::string& out, const Welcome& message) {
  detail::HeaderWriter(out, "welcome")
      .field("version", version)
      .field("connection", message.connection.value)
      .field("heartbeat_ms", static_cast<std::uint64_t>(message.heartbeat.count()))
      .end();
}

inline void encode(std::string& out, const Refused& message) {
  detail::HeaderWriter(out, "refused").field("code", to_string(message.code)).field("message", message.message).end();
}

inline void encode(std::string& out, const Ping& message) {
  detail::HeaderWriter(out, "ping").field("id", message.id).end();
}

inline void encode(std::string& out, const OpenWorker& message) {
  detail::HeaderWriter writer(out, "open_worker");
  writer.field("worker", message.worker.value).field("key", message.key);
  writer.key("webnn"), out += message.webnn ? "true" : "false";
  writer.end();
}

inline void encode(std::string& out, const CloseWorker& message) {
  detail::HeaderWriter(out, "close_worker").field("worker", message.worker.value).end();
}

inline void encode(std::string& out, const Reload& message) {
  detail::HeaderWriter(out, "reload").field("message", message.message).end();
}
inline void encode(std::string& out, const Close& message) {
  detail::HeaderWriter(out, "close").field("message", message.message).end();
}

/// The body must be JSON.
inline void encode(std::string& out, const Custom& message) {
  detail::HeaderWriter writer(out, "message", 256 + message.body.size());
  writer.field("name", message.name).key("body");
  out += message.body;
  writer.list("tensors", message.tensors, [&](const NamedTensor& tensor) { detail::append_tensor(out, tensor); });
  FrameWriter& frame = writer.end();
  for (const auto& [name, tensor] : message.tensors) frame.tensor(tensor.bytes());
}

// --- data socket

inline void encode(std::string& out, const Load& message) {
  detail::HeaderWriter writer(out, "load", 512);
  writer.field("id", message.id).key("model");
  detail::append_model(writer, out, message.model);
  if (!message.parts.empty())
    writer.list("parts", message.parts, [&](const ModelSource& part) { detail::append_model(writer, out, part); });
  writer.list("backends", message.backends, [&](const BackendChoice& choice) {
    (out += R"({"name":")").append(to_string(choice.backend)) += '"';
    if (choice.device) writer.field("device_type", to_string(*choice.device));
    if (choice.threads) writer.field("threads", std::uint64_t{*choice.threads});
    if (!choice.module.empty()) writer.field("module", choice.module);
    out += '}';
  });
  writer.map("free_dimensions", message.free_dimensions, [&](const auto& dimension) {
    detail::append_string(out, dimension.first);
    out += ':';
    detail::append_integer(out, dimension.second);
  });
  if (message.warmup) writer.key("warmup"), out += *message.warmup ? "true" : "false";
  if (message.compare) writer.key("compare"), out += *message.compare ? "true" : "false";
  if (message.verify) writer.key("verify"), out += *message.verify ? "true" : "false";
  if (message.workgroup_size)
    writer.list("workgroup_size", *message.workgroup_size,
                [&](unsigned extent) { detail::append_integer(out, extent); });
  if (message.variant) writer.field("variant", *message.variant);
  if (message.cache_bytes) writer.field("cache_bytes", *message.cache_bytes);
  if (!message.importance.empty()) writer.field("importance", message.importance);
  writer.end();
}

/// Memory is allocated at most once, and each tensor's bytes are copied once, straight into `out`.
inline void encode(std::string& out, const Run& message) {
  detail::HeaderWriter writer(out, "run", detail::frame_bound(message));
  writer.field("id", message.id.value);
  if (message.part > 0) writer.field("part", std::uint64_t{message.part});
  writer.list("inputs", message.inputs, [&](const NamedTensor& input) { detail::append_tensor(out, input); });
  detail::append_references(writer, out, "resident", message.resident);
  writer.list("outputs", message.outputs, [&](const std::string& name) { detail::append_string(out, name); });
  detail::append_references(writer, out, "keep", message.keep);
  FrameWriter& frame = writer.end();
  for (const auto& input : message.inputs) frame.tensor(input.tensor.bytes());
}

inline void encode(std::string& out, const Fetch& message) {
  detail::HeaderWriter(out, "fetch").field("id", message.id.value).field("tensor", message.tensor.value).end();
}

inline void encode(std::string& out, const Release& message) {
  detail::HeaderWriter(out, "release")
      .list("tensors", message.tensors, [&](TensorId tensor) { detail::append_integer(out, tensor.value); })
      .end();
}

/// The numbers must be finite.
inline void encode(std::string& out, const Generate& message) {
  const GenerationOptions& how = message.options;
  std::size_t bytes = 512 + 24 * how.stop_tokens.size();
  for (const auto& input : message.inputs) bytes += input.tensor.bytes().size();
  detail::HeaderWriter writer(out, "generate", bytes);
  writer.field("id", message.id.value);
  if (message.part > 0) writer.field("part", std::uint64_t{message.part});
  writer.list("inputs", message.inputs, [&](const NamedTensor& input) { detail::append_tensor(out, input); });
  writer.field("max_tokens", std::uint64_t{how.max_tokens}).key("temperature");
  detail::append_number(out, how.temperature);
  writer.field("top_k", std::uint64_t{how.top_k}).key("top_p");
  detail::append_number(out, how.top_p);
  writer.field("seed", std::uint64_t{how.seed}).list("stop_tokens", how.stop_tokens, [&](std::int64_t token) {
    detail::append_integer(out, token);
  });
  if (message.resume) {
    writer.key("resume");
    out += R"({"tensor":)";
    detail::append_integer(out, message.resume->tensor.value);
    writer.field("length", message.resume->length);
    out += '}';
  }
  if (message.keep) writer.field("keep", message.keep->value);
  FrameWriter& frame = writer.end();
  for (const auto& input : message.inputs) frame.tensor(input.tensor.bytes());
}

inline void encode(std::string& out, const Cancel& message) {
  detail::HeaderWriter(out, "cancel").field("id", message.id.value).end();
}

}  // namespace webpool::protocol
