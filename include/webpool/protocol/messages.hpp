#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/datatype.hpp>
#include <webpool/error.hpp>
#include <webpool/generation.hpp>
#include <webpool/ids.hpp>
#include <webpool/model_info.hpp>
#include <webpool/outputs.hpp>
#include <webpool/page_hints.hpp>
#include <webpool/shape.hpp>
#include <webpool/tensor.hpp>

/// The messages of the wire as plain structs, with the fields that `README.md` beside this file lists.
namespace webpool::protocol {

/// The version that both halves of the wire name in their first message.
inline constexpr std::uint64_t version = 1;

// --- page to pool, control socket

/// If `version` is not ours, only `version` is filled in: such a page is refused, whatever else it says.
struct Hello {
  std::uint64_t version = protocol::version;
  std::string token;
  std::optional<LaunchId> launch;
  BrowserInfo browser;  ///< `launched` stays false; the pool decides that
};
struct Pong {
  std::uint64_t id = 0;
  PageHints hints{};
  double timer_drift_ms = 0;
};
struct WorkerFailed {
  WorkerId worker;
  std::string message;
};
/// Something in the page failed, but the tab goes on.
struct Trouble {
  std::string source, message;
};

// --- both directions, control socket

/// A message of the application.
struct Custom {
  std::string name, body;  ///< `body` is JSON
  std::vector<NamedTensor> tensors;
};
using ControlMessage = std::variant<Hello, Pong, WorkerFailed, Trouble, Custom>;

// --- page to pool, data socket

/// If `version` is not ours, only `version` is filled in.
struct Attach {
  std::uint64_t version = protocol::version;
  WorkerId worker;
  std::string key;
};
enum class LoadStage : std::uint8_t { fetch, create, warmup };
struct Progress {
  std::uint64_t id = 0;
  LoadStage stage = LoadStage::fetch;
  std::uint64_t part = 0;             ///< of `fetch`: which of the worker's models
  std::uint64_t done = 0, total = 0;  ///< bytes for `fetch`; otherwise out of 1
};
/// Where a load's time went, in milliseconds.
struct LoadTimes {
  double fetch = 0, create = 0, warmup = 0;
};
struct Loaded {
  std::uint64_t id = 0;
  Backend backend = Backend::wasm;
  std::optional<WebnnDevice> device;
  std::vector<BackendFailure> tried;  ///< before `backend`, in that order
  std::vector<std::string> remarks{};
  std::optional<bool> verified{};
  bool cpu_fallback = false;
  std::vector<TensorSpec> inputs, outputs;  ///< without symbols
  LoadTimes times;
  bool from_cache = false;
  std::uint64_t memory_bytes = 0;
  std::optional<std::uint64_t> variant{};  ///< of a kernel: the one in use
  std::vector<NodePlacement> placements{};
};
/// An output that stays in the worker, under that id.
struct KeptTensor {
  std::string name;
  Datatype datatype = Datatype::float32;
  Shape shape;
  TensorId tensor;
};
struct Result {
  RequestId id;
  std::vector<NamedTensor> outputs;
  std::vector<KeptTensor> kept;
  RunTimes times;                  ///< without `total`
  std::optional<Finish> finish{};  ///< of a generation
};
/// The tokens of a generation since its last message.
struct Tokens {
  RequestId id;
  std::uint64_t index = 0;  ///< how many came before these
  std::vector<std::int64_t> tokens;
};
/// The end of a load or run without a result. `id` is that of the load or run, and `code` is one of `error_codes`.
struct RunError {
  std::uint64_t id = 0;
  std::string code, message;
  std::vector<BackendFailure> tried;
  std::string stack;
  bool started = true;  ///< false: the run had certainly not begun
};
struct DeviceLost {
  std::string reason, message;
};
using DataMessage = std::variant<Attach, Progress, Loaded, Tokens, Result, RunError, DeviceLost>;

// --- pool to page, control socket

struct Welcome {
  ConnectionId connection;
  std::chrono::milliseconds heartbeat{1000};
};
enum class Refusal : std::uint8_t { wrong_token, version_mismatch, pool_full, pool_closed };
struct Refused {
  Refusal code = Refusal::wrong_token;
  std::string message;
};
struct Ping {
  std::uint64_t id = 0;
};
struct OpenWorker {
  WorkerId worker;
  std::string key;
  bool webnn = false;  ///< the worker may try WebNN, and therefore must be allowed to make functions from text
};
struct CloseWorker {
  WorkerId worker;
};
struct Close {
  std::string message;
};
struct Reload {
  std::string message;
};

// --- pool to page, data socket

/// A file beside a model that holds some of its tensors.
struct ExternalSource {
  std::string path, sha256;  ///< `path`: its name in the model
  std::uint64_t bytes = 0;
  std::string url;
};
/// A model as the page fetches it.
struct ModelSource {
  std::string name, sha256;
  std::uint64_t bytes = 0;
  std::string url;
  bool kernel = false;                                       ///< WGSL, not ONNX
  bool generates = false;                                    ///< it is a decoder
  std::optional<std::vector<std::string>> device_outputs{};  ///< those that may stay on the device
  std::vector<ExternalSource> external{};
};
/// One entry of the list of backends that the page tries in order.
struct BackendChoice {
  Backend backend = Backend::wasm;
  std::optional<WebnnDevice> device;  ///< WebNN's
  std::optional<unsigned> threads;    ///< WASM's
  std::string module{};               ///< where the page finds the application's own backend; empty: the page has it
};
struct Load {
  std::uint64_t id = 0;
  ModelSource model;
  std::vector<BackendChoice> backends;
  std::map<std::string, std::int64_t> free_dimensions;
  std::optional<bool> warmup;
  std::optional<bool> compare;
  std::optional<std::array<unsigned, 3>> workgroup_size;
  std::vector<ModelSource> parts{};            ///< further models of the same worker
  std::optional<std::uint64_t> variant{};      ///< of a kernel: the one to try first
  std::optional<std::uint64_t> cache_bytes{};  ///< of models that the browser may keep
  std::string_view importance{};               ///< "high" or "low", if other models load at the same time
  std::optional<bool> verify{};
};
/// A tensor in the worker, and the name of the input or output that it is.
struct TensorReference {
  std::string_view name;
  TensorId tensor;
};
/// Refers to the caller's tensors and names, which must live until the message is encoded.
struct Run {
  RequestId id;
  std::span<const NamedTensor> inputs;
  std::span<const std::string> outputs;  ///< empty: all
  std::uint32_t part = 0;                ///< which of the worker's models
  std::span<const TensorReference> resident{};
  std::span<const TensorReference> keep{};
};
/// Asks for a copy of a tensor in the worker; the answer is a result with one output.
struct Fetch {
  RequestId id;
  TensorId tensor;
};
struct Release {
  std::span<const TensorId> tensors;
};
/// A text in the worker, and how many tokens its cache must have.
struct TextReference {
  TensorId tensor;
  std::uint64_t length = 0;
};
/// Refers to the caller's prompt and options, which must live until the message is encoded.
struct Generate {
  RequestId id;
  std::span<const NamedTensor> inputs;  ///< the prompt
  const GenerationOptions& options;
  std::uint32_t part = 0;                 ///< which of the worker's models
  std::optional<TextReference> resume{};  ///< the text to continue
  std::optional<TensorId> keep{};         ///< the id under which its text stays
};
struct Cancel {
  RequestId id;
};

// --- names of the enumerators

namespace detail {
inline constexpr std::array<std::string_view, 3> stage_names{"fetch", "create", "warmup"};
inline constexpr std::array<std::string_view, 2> finish_names{"length", "stop"};
inline constexpr std::array<std::string_view, 4> refusal_names{"wrong_token", "version_mismatch", "pool_full",
                                                               "pool_closed"};
}  // namespace detail

constexpr std::string_view to_string(LoadStage stage) noexcept {
  return detail::stage_names[static_cast<std::size_t>(stage)];
}
constexpr std::string_view to_string(Refusal code) noexcept {
  return detail::refusal_names[static_cast<std::size_t>(code)];
}

/// Every code that an `error` may carry, and its name on the host.
struct ErrorCodeRow {
  std::string_view code;
  errc error;
};
inline constexpr std::array<ErrorCodeRow, 9> error_codes{{{"fetch_failed", errc::load_failed},
                                                          {"hash_mismatch", errc::load_failed},
                                                          {"no_backend", errc::no_backend},
                                                          {"runtime_missing", errc::runtime_missing},
                                                          {"bad_input", errc::bad_input},
                                                          {"run_failed", errc::run_failed},
                                                          {"device_lost", errc::device_lost},
                                                          {"tensor_lost", errc::tensor_lost},
                                                          {"cancelled", errc::cancelled}}};

/// The host's code for a page's; empty if the wire doesn't have that code.
constexpr std::optional<errc> parse_error_code(std::string_view code) noexcept {
  for (const auto& row : error_codes)
    if (row.code == code) return row.error;
  return std::nullopt;
}

}  // namespace webpool::protocol
