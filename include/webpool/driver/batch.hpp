#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>
#include <webpool/model_info.hpp>
#include <webpool/outputs.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

/// Several requests of one model laid end to end along axis 0.
struct Batch {
  Inputs inputs;
  std::vector<std::int64_t> rows;  ///< of each request
};

/// Whether all have the same free dimension as their axis 0. One without a name may be another in each of them.
inline bool batchable(std::span<const TensorSpec> specs) {
  return std::ranges::all_of(specs, [&](const TensorSpec& spec) {
    return spec.shape.rank() > 0 && spec.shape[0] == Shape::any && !spec.symbols.empty() && !spec.symbols[0].empty() &&
           spec.symbols[0] == specs[0].symbols[0];
  });
}

inline Shape with_rows(const Shape& shape, std::int64_t rows) {
  std::vector<std::int64_t> extents(shape.extents().begin(), shape.extents().end());
  extents[0] = rows;
  return Shape(extents);
}

/// One batch of all requests; empty when the model's axis 0 is not a free dimension shared by all inputs and outputs,
/// or when the requests differ in another extent. The inputs must have been checked against `info`.
inline std::optional<Batch> concatenate(const ModelInfo& info, std::span<const Inputs> requests) {
  if (requests.size() < 2 || info.inputs.empty() || !batchable(info.inputs) || !batchable(info.outputs))
    return std::nullopt;
  if (info.outputs.empty() || info.outputs[0].symbols[0] != info.inputs[0].symbols[0]) return std::nullopt;
  Batch batch;
  for (const auto& request : requests) batch.rows.push_back(request.front().tensor.shape()[0]);
  const std::int64_t rows = std::accumulate(batch.rows.begin(), batch.rows.end(), std::int64_t{0});
  for (const auto& spec : info.inputs) {
    const auto part = [&](const Inputs& request) -> const Tensor& {
      return std::ranges::find(request, spec.name, &NamedTensor::name)->tensor;
    };
    const Shape& first = part(requests[0]).shape();
    auto bytes = std::make_shared<std::vector<std::byte>>();
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const Tensor& tensor = part(requests[i]);
      if (tensor.shape() != with_rows(first, batch.rows[i])) return std::nullopt;
      bytes->insert(bytes->end(), tensor.bytes().begin(), tensor.bytes().end());
    }
    batch.inputs.push_back({spec.name, Tensor(spec.datatype, with_rows(first, rows), *bytes, bytes)});
  }
  return batch;
}

/// The rows of each request again, without a copy. Empty when an output does not have the batch's rows.
inline std::optional<std::vector<Outputs>> split(const Outputs& outputs, std::span<const std::int64_t> rows) {
  const std::int64_t total = std::accumulate(rows.begin(), rows.end(), std::int64_t{0});
  const auto whole = std::make_shared<const Outputs>(outputs);
  std::vector<std::vector<NamedTensor>> parts(rows.size());
  for (const auto& [name, tensor] : *whole) {
    if (tensor.shape().rank() == 0 || tensor.shape()[0] != total || total == 0) return std::nullopt;
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
