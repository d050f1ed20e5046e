#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/model_info.hpp>
#include <webpool/outputs.hpp>
#include <webpool/request.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

/// Several requests of one model laid end to end along axis 0.
struct Batch {
  Inputs inputs;
  std::vector<std::int64_t> rows;  ///< of each request
};

/// Why requests of this model can't be laid end to end, naming the axis that stands in the way; empty when they can.
/// They can when axis 0 of all inputs and outputs is a free dimension.
inline std::optional<std::string> batch_obstacle(const ModelInfo& info) {
  if (info.inputs.empty()) return "it has no inputs";
  if (info.outputs.empty()) return "it has no outputs";
  for (const auto* specs : {&info.inputs, &info.outputs})
    for (const auto& spec : *specs) {
      const std::string kind = specs == &info.inputs ? "input '" : "output '", which = kind + spec.name + "'";
      if (spec.any_rank) return which + " has no known axis 0: even its rank is free";
      if (spec.shape.rank() == 0) return which + " is a scalar and has no axis 0";
      if (spec.shape[0] != Shape::any)
        return "axis 0 of " + which + " " + to_string(spec.shape) + " is not a free dimension";
    }
  return std::nullopt;
}

/// Whether the file says that axis 0 is the same dimension in all inputs and outputs, by one name. Exporters often give
/// it another name in each, or none; then only an answer can show whether the outputs have the rows of the inputs.
inline bool names_one_batch(const ModelInfo& info) {
  if (batch_obstacle(info)) return false;
  const auto name = [](const TensorSpec& spec) { return spec.symbols.empty() ? std::string() : spec.symbols[0]; };
  const auto same = [&, batch = name(info.inputs[0])](const TensorSpec& spec) {
    return !batch.empty() && name(spec) == batch;
  };
  return std::ranges::all_of(info.inputs, same) && std::ranges::all_of(info.outputs, same);
}

/// The extent of axis 0, where that is the same in all of the inputs.
inline std::optional<std::int64_t> rows_of(const Inputs& inputs) {
  std::optional<std::int64_t> rows;
  for (const auto& [name, tensor] : inputs) {
    if (tensor.shape().rank() == 0 || rows.value_or(tensor.shape()[0]) != tensor.shape()[0]) return std::nullopt;
    rows = tensor.shape()[0];
  }
  return rows;
}

/// What requests of a model have in common when they may run as one: the extents behind axis 0, the outputs wanted, the
/// priority, the client and whether they are tried again. The inputs must have been checked against `info`.
inline std::string batch_kind(const ModelInfo& info, const Inputs& inputs, const RequestOptions& options) {
  std::string kind = std::to_string(options.priority) + ' ' + std::to_string(options.client) + ' ' +
                     std::to_string(static_cast<int>(options.retry));
  for (const auto& spec : info.inputs) {
    const Shape& shape = std::ranges::find(inputs, spec.name, &NamedTensor::name)->tensor.shape();
    for (std::size_t axis = 1; axis < shape.rank(); ++axis) kind += ' ' + std::to_string(shape[axis]);
    kind += ';';
  }
  for (const auto& name : options.outputs) kind += std::to_string(name.size()) + ' ' + name;
  return kind;
}

inline Shape with_rows(const Shape& shape, std::int64_t rows) {
  std::vector<std::int64_t> extents(shape.extents().begin(), shape.extents().end());
  extents[0] = rows;
  return Shape(extents);
}

/// One batch of all requests; empty when axis 0 of an input or output is not free, or when the requests differ in
/// another extent. The inputs must have been checked against `info`.
inline std::optional<Batch> concatenate(const ModelInfo& info, std::span<const Inputs> requests) {
  if (requests.size() < 2 || batch_obstacle(info)) return std::nullopt;
  Batch batch;
  for (const auto& request : requests) batch.rows.push_back(request.front().tensor.shape()[0]);
  const std::int64_t rows = std::accumulate(batch.rows.begin(), batch.rows.end(), std::int64_t{0});
  for (const auto& spec : info.inputs) {
    const auto part = [&](const Inputs& request) -> const Tensor& {
      return std::ranges::find(request, spec.name, &NamedTensor::name)->tensor;
    };
    const Shape& first = part(requests[0]).shape();
    auto bytes = std::make_shared<std::vector<std::byte>>();
    bytes->reserve(with_rows(first, rows).elements() * size_of(spec.datatype));
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const Tensor& tensor = part(requests[i]);
      if (tensor.shape() != with_rows(first, batch.rows[i])) return std::nullopt;
      bytes->insert(bytes->end(), tensor.bytes().begin(), tensor.bytes().end());
    }
    batch.inputs.push_back({spec.name, Tensor(spec.datatype, with_rows(first, rows), *bytes, bytes)});
  }
  return batch;
}

/// Consecutive requests, together with at most so many rows each; one with more is alone.
inline std::vector<std::span<const Inputs>> divide(std::span<const Inputs> requests, std::size_t maximum) {
  std::vector<std::span<const Inputs>> parts;
  std::size_t first = 0, rows = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto more = static_cast<std::size_t>(rows_of(requests[i]).value_or(0));
    if (i > first && (more > maximum || rows > maximum - more)) {
      parts.push_back(requests.subspan(first, i - first));
      first = i;
      rows = 0;
    }
    rows += more;
  }
  if (first < requests.size()) parts.push_back(requests.subspan(first));
  return parts;
}

/// Whether each output has the rows that the requests have together.
inline bool has_rows(const Outputs& outputs, std::span<const std::int64_t> rows) {
  const std::int64_t total = std::accumulate(rows.begin(), rows.end(), std::int64_t{0});
  return std::ranges::all_of(outputs, [&](const NamedTensor& each) {
    return each.tensor.shape().rank() > 0 && each.tensor.shape()[0] == total;
  });
}

/// The rows of each request again, without a copy. Empty when an output does not have the batch's rows.
inline std::optional<std::vector<Outputs>> split(const Outputs& outputs, std::span<const std::int64_t> rows) {
  const std::int64_t total = std::accumulate(rows.begin(), rows.end(), std::int64_t{0});
  if (total == 0 || !has_rows(outputs, rows)) return std::nullopt;
  const auto whole = std::make_shared<const Outputs>(outputs);
  std::vector<std::vector<NamedTensor>> parts(rows.size());
  for (const auto& [name, tensor] : *whole) {
    const std::size_t row_bytes = tensor.bytes().size() / static_cast<std::size_t>(total);
    std::size_t offset = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t length = row_bytes * static_cast<std::size_t>(rows[i]);
      parts[i].push_back({name, Tensor(tensor.datatype(), with_rows(tensor.shape(), rows[i]),
                                       tensor.bytes().subspan(offset, length), whole)});
      offset += length;
    }
  }
  std::vector<Outputs> result;
  result.reserve(parts.size());
  for (auto& part : parts) result.emplace_back(std::move(part), outputs.shared_where(), outputs.times());
  return result;
}

}  // namespace webpool::driver
