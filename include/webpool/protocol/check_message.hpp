#pragma once

#include <simdjson.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/protocol/frame.hpp>
#include <webpool/tensor.hpp>

namespace webpool::protocol {

/// What is wrong with a text that should be one JSON value in UTF-8, in the parser's words; empty if nothing is.
inline std::optional<std::string> json_fault(std::string_view text) {
  simdjson::dom::parser parser;
  const auto error = parser.parse(text.data(), text.size()).error();
  return error ? std::optional<std::string>(simdjson::error_message(error)) : std::nullopt;
}

/// What is wrong with the name of an application's message; empty if nothing is.
inline std::optional<std::string> message_name_fault(std::string_view name) {
  if (name.empty()) return "its name is empty";
  if (name.size() > max_name_bytes)
    return "its name has " + std::to_string(name.size()) + " bytes; at most " + std::to_string(max_name_bytes) +
           " are allowed";
  return std::nullopt;
}

/// Why a message of an application can't be sent; empty if it can.
inline std::optional<std::string> message_fault(std::string_view name, std::string_view body,
                                                const std::vector<NamedTensor>& tensors) {
  if (auto fault = message_name_fault(name)) return fault;
  if (body.size() > max_header_bytes / 2)
    return "its body has " + std::to_string(body.size()) + " bytes; at most " + std::to_string(max_header_bytes / 2) +
           " are allowed: send larger data as tensors";
  if (const auto fault = json_fault(body)) return "its body is not JSON: " + *fault;
  if (tensors.size() > max_items)
    return "it has " + std::to_string(tensors.size()) + " tensors; at most " + std::to_string(max_items) +
           " are allowed";
  std::set<std::string_view> names;
  for (const auto& tensor : tensors) {
    if (tensor.name.size() > max_name_bytes) return "a tensor's name is longer than " + std::to_string(max_name_bytes);
    if (!names.insert(tensor.name).second) return "two tensors have the name '" + tensor.name + "'";
  }
  return std::nullopt;
}

}  // namespace webpool::protocol
