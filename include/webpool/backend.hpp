#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>

namespace webpool {

/// What computes inside a tab.
enum class Backend : std::uint8_t { wasm, webgpu, webnn };

/// The device that a WebNN context asks for.
enum class WebnnDevice : std::uint8_t { cpu, gpu, npu };

namespace detail {
inline constexpr std::array<std::string_view, 3> backend_names{"wasm", "webgpu", "webnn"};
inline constexpr std::array<std::string_view, 3> webnn_device_names{"cpu", "gpu", "npu"};
}  // namespace detail

constexpr std::string_view to_string(Backend backend) noexcept {
  return detail::backend_names[static_cast<std::size_t>(backend)];
}
constexpr std::string_view to_string(WebnnDevice device) noexcept {
  return detail::webnn_device_names[static_cast<std::size_t>(device)];
}

constexpr std::optional<Backend> parse_backend(std::string_view name) noexcept {
  for (std::size_t i = 0; i < detail::backend_names.size(); ++i)
    if (detail::backend_names[i] == name) return static_cast<Backend>(i);
  return std::nullopt;
}

inline std::ostream& operator<<(std::ostream& out, Backend backend) { return out << to_string(backend); }

}  // namespace webpool
