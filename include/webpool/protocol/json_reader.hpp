#pragma once

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/protocol/frame.hpp>

/// Reads untrusted JSON. Every accessor checks, and throws `errc::malformed_frame` with the path of the wrong field,
/// such as `result.outputs[0].shape must be an array`.
namespace webpool::protocol::detail {

namespace json = simdjson::dom;

/// Where a reader is in a message; turned into text only if something is wrong there.
struct Path {
  static constexpr std::size_t no_index = std::numeric_limits<std::size_t>::max();

  const Path* parent = nullptr;
  std::string_view name;
  std::size_t index = no_index;

  std::string text() const {
    if (index != no_index) return parent->text() + '[' + std::to_string(index) + ']';
    return parent ? parent->text() + '.' + std::string(name) : std::string(name);
  }
};

/// Untrusted text in quotes, shortened.
inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 40;
  if (text.size() <= most) return '"' + std::string(text) + '"';
  std::size_t end = most;
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return '"' + std::string(text.substr(0, end)) + "…\"";
}

/// "one of a b c"
template <class Names>
std::string one_of(const Names& names) {
  std::string text = "one of";
  for (const auto& name : names) text.append(" ").append(name);
  return text;
}

class Fields;

/// One JSON value.
class Value {
 public:
  Value(json::element value, Path path) noexcept : value_(value), path_(path) {}

  [[noreturn]] void must_be(std::string_view what) const { malformed(path_.text() + " must be " + std::string(what)); }

  bool is_null() const { return value_.is_null(); }

  std::uint64_t integer(std::uint64_t most = max_id) const {
    std::uint64_t result = 0;
    if (value_.get_uint64().get(result) || result > most) must_be("an integer from 0 to " + std::to_string(most));
    return result;
  }

  std::int64_t extent(std::int64_t least) const {
    std::int64_t result = 0;
    if (value_.get_int64().get(result) || result < least || result > static_cast<std::int64_t>(max_id))
      must_be("an integer from " + std::to_string(least) + " to " + std::to_string(max_id));
    return result;
  }

  double number() const {
    double result = 0;
    if (value_.get_double().get(result)) must_be("a number");
    return result;
  }

  bool boolean() const {
    bool result = false;
    if (value_.get_bool().get(result)) must_be("true or false");
    return result;
  }

  /// Valid until the decoder's next message.
  std::string_view text() const {
    std::string_view result;
    if (value_.get_string().get(result)) must_be("a string");
    return result;
  }

  /// A text that serves as an identifier.
  std::string_view name() const {
    const std::string_view result = text();
    if (result.size() > max_name_bytes) must_be("at most " + std::to_string(max_name_bytes) + " bytes");
    return result;
  }

  /// The enumerator whose name is at its index in `names`.
  template <class Enum, class Names>
  Enum choice(const Names& names) const {
    const std::string_view given = text();
    const auto found = std::ranges::find(names, given);
    if (found == std::ranges::end(names)) must_be(one_of(names) + ", not " + in_quotes(given));
    return static_cast<Enum>(found - std::ranges::begin(names));
  }

  /// The value itself as JSON, without spaces.
  std::string json_text() const { return simdjson::minify(value_); }

  bool is_string() const { return value_.is_string(); }

  /// Calls `visit(Value)` for each element.
  template <class Visit>
  void each(Visit visit) const {
    json::array array;
    if (value_.get_array().get(array)) must_be("an array");
    std::size_t index = 0;
    for (const json::element element : array) {
      if (index == max_items) must_be("an array of at most " + std::to_string(max_items) + " items");
      visit(Value(element, {&path_, {}, index++}));
    }
  }

  /// Calls `visit(key, Value)` for each field of an object whose keys are data, not names of fields.
  template <class Visit>
  void each_field(Visit visit) const {
    json::object object;
    if (value_.get_object().get(object)) must_be("an object");
    std::size_t count = 0;
    for (const auto& [key, value] : object) {
      if (count++ == max_items) must_be("an object of at most " + std::to_string(max_items) + " fields");
      if (key.size() > max_name_bytes)
        must_be("an object whose keys have at most " + std::to_string(max_name_bytes) + " bytes");
      visit(key, Value(value, {&path_, key}));
    }
  }

  Fields fields() const;

 private:
  json::element value_;
  Path path_;
};

/// An object's fields, in whatever order they come.
class Fields {
 public:
  Fields(json::object object, Path path) noexcept : object_(object), path_(path) {}
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  /// The beginning of the values' paths.
  void rename(std::string_view name) noexcept { path_.name = name; }

  Value operator[](std::string_view name) const {
    json::element value;
    if (object_.at_key(name).get(value)) malformed(path_.text() + '.' + std::string(name) + " is missing");
    return Value(value, {&path_, name});
  }

  /// Empty if the field is absent or null.
  std::optional<Value> find(std::string_view name) const {
    json::element value;
    if (object_.at_key(name).get(value) || value.is_null()) return std::nullopt;
    return Value(value, {&path_, name});
  }

  /// The text of a field; empty if it is absent or null.
  std::string_view text_or_empty(std::string_view name) const {
    const auto found = find(name);
    return found ? found->text() : std::string_view();
  }

 private:
  json::object object_;
  Path path_;
};

inline Fields Value::fields() const {
  json::object object;
  if (value_.get_object().get(object)) must_be("an object");
  return Fields(object, path_);
}

/// Parses headers. Owns the parser's memory, which grows with the largest header so far and is reused.
class HeaderParser {
 public:
  /// The header's object; valid until the next call.
  Fields parse(std::span<const std::byte> header) {
    text_.resize(std::max(text_.size(), header.size() + simdjson::SIMDJSON_PADDING));
    std::memcpy(text_.data(), header.data(), header.size());
    json::element all;
    if (const auto error = parser_.parse(text_.data(), header.size(), false).get(all))
      malformed(std::string("the header is not JSON in UTF-8: ") + simdjson::error_message(error));
    json::object object;
    if (all.get_object().get(object)) malformed("the header must be one JSON object");
    return Fields(object, {nullptr, "header"});
  }

 private:
  json::parser parser_;
  std::vector<char> text_;
};

}  // namespace webpool::protocol::detail
