#pragma once

// A decoder on paper, and a pool with one scripted tab that holds it.

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <future>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "onnx_file.hpp"
#include "pool.hpp"

namespace webpool::testing {

inline constexpr int onnx_float = 1, onnx_int64 = 7, onnx_half = 10;

/// Of one layer and `vocabulary` tokens.
inline std::string decoder_file(std::int64_t vocabulary = 10) {
  return onnx_file({{"input_ids", {{"batch", "sequence"}}, onnx_int64},
                    {"attention_mask", {{"batch", "total"}}, onnx_int64},
                    {"past_key_values.0.key", {{"batch", 2, "past", 4}}, onnx_half},
                    {"past_key_values.0.value", {{"batch", 2, "past", 4}}, onnx_half}},
                   {{"logits", {{"batch", "sequence", vocabulary}}},
                    {"present.0.key", {{"batch", 2, "total", 4}}, onnx_half},
                    {"present.0.value", {{"batch", 2, "total", 4}}, onnx_half}});
}

inline const std::filesystem::path& decoder() {
  static const TemporaryFolder folder;
  static const std::filesystem::path path = folder.add("decoder.onnx", decoder_file());
  return path;
}

/// A pool with one tab, driven step by step, that holds the decoder.
struct DecoderStage {
  explicit DecoderStage(PoolOptions options = quiet(), ModelOptions how = {.context = 100})
      : pool(std::move(options)), tab(pool.join_url()) {
    auto loading = std::async(std::launch::async, [&] { return pool.load(decoder(), std::move(how)); });
    worker.emplace(tab.loaded_worker());
    model.emplace(loading.get());
  }

  Received request() { return next(worker->socket, "generate"); }

  void tell(std::uint64_t id, std::size_t index, const std::string& tokens) {
    worker->socket.send(frame(R"({"type":"tokens","id":)" + std::to_string(id) + R"(,"index":)" +
                              std::to_string(index) + R"(,"tokens":[)" + tokens + "]}"));
  }

  /// `kept`: the JSON of a cache that stays.
  void end(std::uint64_t id, const std::vector<std::int64_t>& tokens, const std::string& finish,
           const std::string& kept = "") {
    const std::string bytes(reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(std::int64_t));
    worker->socket.send(frame(R"({"type":"result","id":)" + std::to_string(id) +
                                  R"(,"outputs":[{"name":"tokens","datatype":"INT64","shape":[)" +
                                  std::to_string(tokens.size()) + R"(],"parameters":{"binary_data_size":)" +
                                  std::to_string(bytes.size()) +
                                  R"(}}],"times":{"queued":0,"upload":0,"compute":1,"download":0})" +
                                  (finish.empty() ? "" : R"(,"finish":")" + finish + "\"") +
                                  (kept.empty() ? "" : R"(,"kept":[)" + kept + "]") + "}",
                              {bytes}));
  }

  ResourcePool<> pool;
  RawTab tab;
  std::optional<RawWorker> worker;
  std::optional<Model> model;
};

}  // namespace webpool::testing
