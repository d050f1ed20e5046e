#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <webpool/expected.hpp>
#include <webpool/protocol/json_reader.hpp>

namespace webpool::protocol {

/// What a browser says over WebDriver BiDi, as far as the pool listens. Fields that a message does not have are empty.
struct BidiNews {
  std::uint64_t id = 0;  ///< of the command that this answers; 0 for an event
  std::string method;    ///< the event's name
  std::string error;     ///< why the command failed
  std::string context;   ///< the tab that an event is about, or that a command made
  std::string realm;     ///< the page in that tab, until it is left or dies
  std::string type;      ///< of the realm: "window" and others
  std::string origin;    ///< of the realm: "null" for the browser's own pages
};

/// Where a browser listens for WebDriver BiDi.
struct BidiAddress {
  std::string host;
  std::uint16_t port = 0;
};

namespace detail {

inline void read_bidi_details(Fields&& fields, BidiNews& news) {
  news.context = fields.text_or_empty("context");
  news.realm = fields.text_or_empty("realm");
  news.type = fields.text_or_empty("type");
  news.origin = fields.text_or_empty("origin");
}

}  // namespace detail

/// Reads one message. Errors: errc::malformed_frame, with the wrong field. One thread at a time per parser.
inline Expected<BidiNews> read_bidi_news(detail::HeaderParser& parser, std::string_view text) try {
  detail::Fields fields = parser.parse(std::as_bytes(std::span(text)));
  fields.rename("message");
  BidiNews news;
  if (auto id = fields.find("id")) news.id = id->integer();
  news.method = fields.text_or_empty("method");
  if (auto error = fields.find("error")) {
    news.error = std::string(error->text()) + ": ";
    news.error += fields["message"].text();
  }
  if (auto result = fields.find("result")) detail::read_bidi_details(result->fields(), news);
  if (auto params = fields.find("params")) detail::read_bidi_details(params->fields(), news);
  if (news.id == 0 && news.method.empty() && news.error.empty()) malformed("message is neither an answer nor an event");
  return news;
} catch (const Error& error) {
  return error;
}

/// Reads Firefox's `WebDriverBiDiServer.json`. Errors: errc::malformed_frame, also while Firefox is still writing it.
inline Expected<BidiAddress> read_bidi_address(std::string_view text) try {
  detail::HeaderParser parser;
  detail::Fields fields = parser.parse(std::as_bytes(std::span(text)));
  fields.rename("WebDriverBiDiServer.json");
  BidiAddress address;
  address.host = fields["ws_host"].text();
  address.port = static_cast<std::uint16_t>(fields["ws_port"].integer(65'535));
  return address;
} catch (const Error& error) {
  return error;
}

}  // namespace webpool::protocol
