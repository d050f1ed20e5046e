#pragma once

// The wire's messages as text, written by hand, as well or as badly as a test wants.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace webpool::testing {

/// The token in a link such as "http://127.0.0.1:4711/#token=6f0c".
inline std::string token_of(const std::string& join_url) {
  const std::size_t start = join_url.find("token=") + 6;
  return join_url.substr(start, join_url.find('&', start) - start);
}

/// A frame of the wire with this header and these tensors.
inline std::string frame(std::string header, std::initializer_list<std::string_view> tensors = {}) {
  while ((header.size() + 4) % 8 != 0) header += ' ';
  const auto length = static_cast<std::uint32_t>(header.size());
  std::string out(reinterpret_cast<const char*>(&length), 4);
  out += header;
  for (const auto tensor : tensors) {
    out.append((8 - out.size() % 8) % 8, '\0');
    out += tensor;
  }
  return out;
}

/// A frame taken apart; good enough for what the pool writes.
struct Received {
  std::string header, tensors;

  explicit Received(const std::string& bytes) {
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data(), 4);
    header = bytes.substr(4, length);
    tensors = bytes.substr(4 + length);
  }

  /// The text behind the first `"key":`.
  std::string_view value(std::string_view key) const {
    const std::string quoted = "\"" + std::string(key) + "\":";
    const std::size_t found = header.find(quoted);
    if (found == header.npos) throw std::runtime_error("no " + quoted + " in " + header);
    return std::string_view(header).substr(found + quoted.size());
  }
  std::string text(std::string_view key) const {
    const std::string_view rest = value(key).substr(1);
    return std::string(rest.substr(0, rest.find('"')));
  }
  std::uint64_t integer(std::string_view key) const { return std::stoull(std::string(value(key).substr(0, 20))); }
  std::string type() const { return text("type"); }
};

// --- what pages say

inline std::string hello(const std::string& token, const std::string& extra = "",
                         const std::string& browser = "firefox") {
  return frame(R"({"type":"hello","version":1,"token":")" + token + "\"" + extra + R"(,"capabilities":{"browser":")" +
               browser + R"(","browser_version":"1.0","webgpu":"none","webnn":"none"}})");
}

inline std::string pong_frame(std::uint64_t ping) {
  return frame(R"({"type":"pong","id":)" + std::to_string(ping) + R"(,"visible":true,"timer_drift_ms":0.5})");
}

inline std::string worker_failed_frame(std::uint64_t worker, const std::string& message) {
  return frame(R"({"type":"worker_failed","worker":)" + std::to_string(worker) + R"(,"message":")" + message + "\"}");
}

// --- what workers say

inline std::string attach_frame(std::uint64_t worker, const std::string& key) {
  return frame(R"({"type":"attach","version":1,"worker":)" + std::to_string(worker) + R"(,"key":")" + key + "\"}");
}

/// `tried`: of the backends before, and whatever else there is to say.
inline std::string loaded_frame(std::uint64_t worker, const std::string& backend = "wasm",
                                const std::string& tried = R"("tried":[])") {
  return frame(R"({"type":"loaded","id":)" + std::to_string(worker) + R"(,"backend":")" + backend +
               R"(","device_type":null,)" + tried +
               R"(,"cpu_fallback":false,"inputs":[],"outputs":[],)"
               R"("times":{"fetch":1,"create":1,"warmup":0},"from_cache":false,"memory_bytes":1000})");
}

inline std::string error_frame(std::uint64_t id, const std::string& code, const std::string& message,
                               const std::string& tried = "[]") {
  return frame(R"({"type":"error","id":)" + std::to_string(id) + R"(,"code":")" + code + R"(","message":")" + message +
               R"(","tried":)" + tried + R"(,"stack":"at run.js"})");
}

/// One FP32 output.
inline std::string result_frame(std::uint64_t run, std::span<const float> values, const std::string& shape,
                                const std::string& name = "probabilities") {
  const std::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return frame(R"({"type":"result","id":)" + std::to_string(run) + R"(,"outputs":[{"name":")" + name +
                   R"(","datatype":"FP32","shape":)" + shape + R"(,"parameters":{"binary_data_size":)" +
                   std::to_string(bytes.size()) + R"(}}],"times":{"queued":0,"upload":0,"compute":1,"download":0}})",
               {bytes});
}

}  // namespace webpool::testing
