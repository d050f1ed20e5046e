#pragma once

#include <charconv>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/byte_source.hpp>
#include <webpool/transport/websocketpp.hpp>

namespace webpool::transport {

struct HttpAnswer {
  int status = 200;
  std::string content_type{};
  std::shared_ptr<const std::string> body{};
  bool immutable = false;  ///< the address names the content, so caches may keep it for ever
  /// The script may make functions from text: a worker takes its policy from its own answer.
  bool may_evaluate = false;
  std::vector<std::string> connect_to{};  ///< origins besides the pool's that the script may fetch from; its CSP's
  std::shared_ptr<ByteSource> source{};   ///< in place of a body: read while it is sent
  std::size_t source_bytes = 0;           ///< how many of it

  std::size_t size() const noexcept { return source ? source_bytes : body->size(); }
};

/// The bytes of a body that are sent.
struct ByteRange {
  std::size_t first = 0, end = 0;
  bool partial = false;  ///< they were asked for; the answer's status is 206 then
};

/// What a request's header `Range` asks for: one range that begins at a byte. All where the header is absent or of
/// another form, as RFC 9110 (section 14.2) allows. Empty when there is no such byte.
inline std::optional<ByteRange> requested_range(std::string_view header, std::size_t size) {
  const ByteRange all{0, size};
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit)) return all;
  const char* const end = header.data() + header.size();
  std::size_t first = 0, last = 0;
  const auto [dash, bad_first] = std::from_chars(header.data() + unit.size(), end, first);
  if (bad_first != std::errc() || dash == end || *dash != '-') return all;
  if (dash + 1 != end) {
    const auto [rest, bad_last] = std::from_chars(dash + 1, end, last);
    if (bad_last != std::errc() || rest != end || last < first) return all;
  }
  if (first >= size) return std::nullopt;
  return ByteRange{first, dash + 1 != end && last < size ? last + 1 : size, true};
}

/// What goes before the bytes, which end the connection.
inline std::string http_head(const HttpAnswer& answer, const ByteRange& range) {
  std::string further;
  for (const std::string& origin : answer.connect_to) further += ' ' + origin;
  const auto status = static_cast<websocketpp::http::status_code::value>(range.partial ? 206 : answer.status);
  const auto number = [](std::size_t value) { return std::to_string(value); };
  std::string where;
  if (range.partial)
    where =
        "\r\nContent-Range: bytes " + number(range.first) + '-' + number(range.end - 1) + '/' + number(answer.size());
  return "HTTP/1.1 " + std::to_string(status) + ' ' + websocketpp::http::status_code::get_string(status) +
         "\r\nContent-Type: " + answer.content_type + "\r\nContent-Length: " + number(range.end - range.first) + where +
         "\r\nAccept-Ranges: bytes"
         "\r\nConnection: close"
         "\r\nCache-Control: " +
         (answer.immutable ? "public, max-age=31536000, immutable" : "no-cache") +
         "\r\nCross-Origin-Opener-Policy: same-origin"
         "\r\nCross-Origin-Embedder-Policy: require-corp"
         "\r\nCross-Origin-Resource-Policy: same-origin"
         "\r\nX-Content-Type-Options: nosniff"
         "\r\nContent-Security-Policy: default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" +
         (answer.may_evaluate ? " 'unsafe-eval'" : "") + "; worker-src 'self' blob:; connect-src 'self'" + further +
         "; object-src 'none'; base-uri 'none'; frame-ancestors 'none'\r\n\r\n";
}

}  // namespace webpool::transport
