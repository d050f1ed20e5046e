#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/protocol/json_text.hpp>

namespace webpool::protocol {

/// A command to a browser, as both the Chrome DevTools Protocol and WebDriver BiDi write it:
/// `{"id":1,"method":"Page.reload","params":{}}`.
class RemoteCommand {
 public:
  RemoteCommand(std::uint64_t id, std::string_view method) : text_("{\"id\":") {
    detail::append_integer(text_, id);
    text_ += ",\"method\":";
    detail::append_string(text_, method);
    text_ += ",\"params\":{";
  }

  RemoteCommand&& with(std::string_view name, std::string_view value) && {
    begin(name);
    detail::append_string(text_, value);
    return std::move(*this);
  }

  /// `json`: the parameter's value, as JSON.
  RemoteCommand&& with_json(std::string_view name, std::string_view json) && {
    begin(name);
    text_ += json;
    return std::move(*this);
  }

  /// The whole message. `session` is the page that a DevTools command is for; empty for the browser itself.
  std::string text(std::string_view session = {}) && {
    text_ += '}';
    if (!session.empty()) {
      text_ += ",\"sessionId\":";
      detail::append_string(text_, session);
    }
    text_ += '}';
    return std::move(text_);
  }

 private:
  void begin(std::string_view name) {
    if (text_.back() != '{') text_ += ',';
    detail::append_string(text_, name);
    text_ += ':';
  }

  std::string text_;
};

}  // namespace webpool::protocol
