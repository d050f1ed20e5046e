#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <webpool/expected.hpp>
#include <webpool/protocol/json_reader.hpp>

namespace webpool::protocol {

/// What a browser of the Chromium family says on its debugging pipe, as far as the pool listens. Fields that a message
/// does not have are empty.
struct CdpNews {
  std::uint64_t id = 0;  ///< of the command that this answers; 0 for an event
  std::string method;    ///< the event's name
  std::string error;     ///< why the command failed
  std::string session;   ///< what `Target.attachToTarget` answers
  std::string target;    ///< the page that an event is about, or that a command made
  std::string type;      ///< of that target: "page" and others
  std::string status;    ///< how a target crashed: "crashed", "killed", "oom"
};

/// Reads one message. Errors: errc::malformed_frame, with the wrong field. One thread at a time per parser.
inline Expected<CdpNews> read_cdp_news(detail::HeaderParser& parser, std::string_view text) try {
  detail::Fields fields = parser.parse(std::as_bytes(std::span(text)));
  fields.rename("message");
  CdpNews news;
  if (auto id = fields.find("id")) news.id = id->integer();
  news.method = fields.text_or_empty("method");
  if (auto error = fields.find("error")) {
    detail::Fields inner = error->fields();
    news.error = inner["message"].text();
  }
  if (auto result = fields.find("result")) {
    detail::Fields inner = result->fields();
    news.session = inner.text_or_empty("sessionId");
    news.target = inner.text_or_empty("targetId");
  }
  if (auto params = fields.find("params")) {
    detail::Fields inner = params->fields();
    news.target = inner.text_or_empty("targetId");
    news.status = inner.text_or_empty("status");
    if (auto info = inner.find("targetInfo")) {
      detail::Fields target = info->fields();
      news.target = target["targetId"].text();
      news.type = target["type"].text();
    }
  }
  if (news.id == 0 && news.method.empty()) malformed("message is neither an answer nor an event");
  return news;
} catch (const Error& error) {
  return error;
}

}  // namespace webpool::protocol
