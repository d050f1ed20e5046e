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

/// What is wrong with a text that should be one JSON value in UTF-8, in the parser's words; empty when nothing is.
inline std::optional<std::string> json_fault(std::string_view text) {
  simdjson::dom::parser parser;
  const auto error = parser.parse(text.data(), text.size()).error();
  return error ? std::optional<std::string>(simdjson::error_message(error)) : std::nullopt;
}

/// What is wrong with the name of an application's message; empty when nothing is.
inline std::optional<std::string> message_name_fault(std::string_view name) {
  if (name.empty()) return "its name is empty";
  if (name.size() > max_name_bytes)
    return "its name has " + std::to_string(name.size()) + " bytes; it may have " + std::to_string(max_name_bytes);
  return std::nullopt;
}

/// What keeps a message of an application from being sent; empty when nothing does.
inline std::optional<std::string> message_fault(std::string_view name, std::string_view body,
                                                const std::vector<NamedTensor>& tensors) {
  if (auto fault = message_name_fault(name)) return fault;
  if (body.size() > max_header_bytes / 2)
    return "its body has " + std::to_string(body.size()) + " bytes; it may have " +
           std::to_string(max_header_bytes / 2) + ", and tensors carry what is larger";
  if (const auto fault = json_fault(body)) return "its body is not JSON: " + *fault;
  if (tensors.size() > max_items)
    return "it has " + std::to_string(tensors.size()) + " tensors; it may have " + std::to_string(max_items);
  std::set<std::string_view> names;
  for (const auto& tensor : tensors) {
    if (tensor.name.size() > max_name_bytes) return "a tensor's name is longer than " + std::to_string(max_name_bytes);
    if (!names.insert(tensor.name).second) return "two tensors have the name '" + tensor.name + "'";
  }
  return std::nullopt;
}

}  // namespace webpool::protocol
