#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/tensor.hpp>

namespace webpool {

/// A backend that was tried before the one in use, and why it does not hold the model, in the page's words.
struct BackendFailure {
  Backend backend = Backend::wasm;
  std::string message{};
};

/// Nodes of a graph on one of ONNX Runtime's execution providers, as the runtime reports them.
struct NodePlacement {
  std::string provider;  ///< "CPU", "WebGpu", "WebNN"
  std::uint64_t nodes = 0;
  std::vector<std::string> operators;  ///< the first few different ones; fused nodes have names of their own
};

/// The place that computed a result: prints as "firefox/webgpu (llvmpipe, software)".
struct Where {
  ConnectionId connection{};
  BrowserInfo browser{};
  Backend backend = Backend::wasm;
  std::optional<WebnnDevice> device{};  ///< that WebNN was asked for; browsers don't tell which one they use
  bool cpu_fallback = false;  ///< some nodes of the graph run on the CPU, although another backend holds the session
  std::vector<BackendFailure> passed_over{};  ///< in the order tried
  std::vector<NodePlacement> placements{};    ///< with `cpu_fallback`: which nodes run where
  std::optional<bool> verified{};             ///< whether it was compared with WASM: `ModelOptions::verify`
  std::vector<std::string> remarks{};         ///< what else came up when the model was loaded there, in words

  /// Whether a CPU did the arithmetic of a GPU backend; empty if the browser hides its adapter, and for the
  /// application's own backends, which alone know.
  std::optional<bool> software() const {
    if (!is_builtin(backend)) return std::nullopt;
    if (backend != Backend::webgpu) return false;
    return browser.webgpu ? browser.webgpu->software : std::nullopt;
  }
};

inline std::ostream& operator<<(std::ostream& out, const Where& where) {
  out << where.browser.browser << '/' << where.backend;
  if (where.device) out << " (asked for " << to_string(*where.device) << ')';
  if (where.backend == Backend::webgpu && where.browser.webgpu) out << " (" << where.browser.webgpu->label() << ')';
  return where.browser.simulated ? out << " (simulated)" : out;
}

/// Where a request's time went, in milliseconds. The host measures `total`, from submission to completion; the page
/// measures the rest.
struct RunTimes {
  double queued = 0, upload = 0, compute = 0, download = 0, total = 0;
};

/// A request's results. Copying shares the bytes.
class Outputs {
 public:
  Outputs() = default;
  Outputs(std::vector<NamedTensor> tensors, std::shared_ptr<const Where> where, RunTimes times)
      : tensors_(std::move(tensors)), where_(std::move(where)), times_(times) {}

  /// The output of that name. Throws `errc::unknown_output` with the names that exist.
  const Tensor& operator[](std::string_view name) const {
    for (const NamedTensor& each : tensors_)
      if (each.name == name) return each.tensor;
    std::string message = "there is no output '" + std::string(name) + "'; the outputs are";
    for (const auto& each : tensors_) message += " '" + each.name + "'";
    throw Error(errc::unknown_output, message);
  }

  auto begin() const noexcept { return tensors_.begin(); }
  auto end() const noexcept { return tensors_.end(); }
  std::size_t size() const noexcept { return tensors_.size(); }

  /// The place that computed it. Only outputs of a request have one.
  const Where& where() const noexcept { return *where_; }
  std::shared_ptr<const Where> shared_where() const noexcept { return where_; }
  const RunTimes& times() const noexcept { return times_; }

  /// Whether a response cache had them. If so, `where` computed an earlier, equal request, and the times are zero.
  bool from_cache() const noexcept { return from_cache_; }
  Outputs as_cached() && {
    from_cache_ = true;
    return std::move(*this);
  }

 private:
  std::vector<NamedTensor> tensors_;
  std::shared_ptr<const Where> where_;
  RunTimes times_;
  bool from_cache_ = false;
};

}  // namespace webpool
