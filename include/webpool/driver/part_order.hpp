#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>
#include <webpool/error.hpp>
#include <webpool/model_part.hpp>
#include <webpool/model_source.hpp>

namespace webpool::driver {

/// What an error calls the part.
inline std::string label_of(const ModelPart& part) {
  return !part.bytes ? part.path.string() : part.options.name.empty() ? part.bytes->name : part.options.name;
}

/// Throws `errc::invalid_options` where a part has both a path and bytes.
inline ModelSource source_of(const ModelPart& part) {
  if (!part.bytes) return part.path;
  if (!part.path.empty())
    throw Error(errc::invalid_options, "part '" + label_of(part) + "' has a path and bytes: it can be one of both");
  return *part.bytes;
}

/// The places of the parts in the order in which they load. Throws `errc::invalid_options` where only some have a
/// priority, or two have the same.
inline std::vector<std::size_t> part_order(const std::vector<ModelPart>& parts) {
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto numbered = static_cast<std::size_t>(
      std::ranges::count_if(parts, [](const ModelPart& part) { return part.priority.has_value(); }));
  if (numbered == 0) return order;
  if (numbered < parts.size())
    throw Error(errc::invalid_options, std::to_string(numbered) + " of " + std::to_string(parts.size()) +
                                           " parts have a priority: give one to all of them, or to none");
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return parts[a].priority > parts[b].priority; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const ModelPart &one = parts[order[i - 1]], &other = parts[order[i]];
    if (one.priority == other.priority)
      throw Error(errc::invalid_options, "parts '" + label_of(one) + "' and '" + label_of(other) +
                                             "' both have the priority " + std::to_string(*one.priority));
  }
  return order;
}

/// Throws `errc::invalid_options` where two parts have one name.
inline void check_part_names(std::vector<std::string> names) {
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
    throw Error(errc::invalid_options, "two parts are named '" + *twice + "': give one another in its options");
}

}  // namespace webpool::driver
