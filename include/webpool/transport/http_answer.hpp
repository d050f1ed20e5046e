#pragma once

#include <memory>
#include <string>
#include <vector>
#include <webpool/transport/websocketpp.hpp>

namespace webpool::transport {

struct HttpAnswer {
  int status = 200;
  std::string content_type;
  std::shared_ptr<const std::string> body;
  bool immutable = false;  ///< the address names the content, so caches may keep it for ever
  bool may_evaluate =
      false;  ///< the script may make functions from text: a worker takes its policy from its own answer
  std::vector<std::string> connect_to{};  ///< origins besides the pool's that the script may fetch from; its CSP's
};

/// What goes before the body, which ends the connection.
inline std::string http_head(const HttpAnswer& answer) {
  std::string further;
  for (const std::string& origin : answer.connect_to) further += ' ' + origin;
  const auto status = static_cast<websocketpp::http::status_code::value>(answer.status);
  return "HTTP/1.1 " + std::to_string(answer.status) + ' ' + websocketpp::http::status_code::get_string(status) +
         "\r\nContent-Type: " + answer.content_type + "\r\nContent-Length: " + std::to_string(answer.body->size()) +
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
