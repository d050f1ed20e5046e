#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>
#include <webpool/detail/backend_table.hpp>

namespace webpool {

/// What computes inside a tab. `register_backend` makes further values, for the application's own backends.
enum class Backend : std::uint8_t { wasm, webgpu, webnn };

/// The device that a WebNN context asks for.
enum class WebnnDevice : std::uint8_t { cpu, gpu, npu };

namespace detail {
inline constexpr std::array<std::string_view, 3> builtin_backend_names{"wasm", "webgpu", "webnn"};
inline constexpr std::array<std::string_view, 3> webnn_device_names{"cpu", "gpu", "npu"};
}  // namespace detail

/// How many backends there can be: the size of a table indexed by `static_cast<std::size_t>(backend)`.
inline constexpr std::size_t max_backends = detail::builtin_backend_names.size() + detail::BackendTable::capacity;

/// Whether the page itself has this backend, rather than the application.
constexpr bool is_builtin(Backend backend) noexcept {
  return static_cast<std::size_t>(backend) < detail::builtin_backend_names.size();
}

namespace detail {
/// A backend's row in the table of registered ones; null for the page's own, and for a value that is not a backend.
inline const BackendTable::Row* registered_backend(Backend backend) noexcept {
  if (is_builtin(backend)) return nullptr;
  return BackendTable::instance().find(static_cast<std::size_t>(backend) - builtin_backend_names.size());
}

inline std::string_view registered_backend_name(Backend backend) noexcept {
  const auto* row = registered_backend(backend);
  return row ? std::string_view(row->name) : "unregistered";
}

inline std::optional<Backend> parse_registered_backend(std::string_view name) noexcept {
  const BackendTable& table = BackendTable::instance();
  for (std::size_t place = 0, size = table.size(); place < size; ++place)
    if (table[place].name == name) return static_cast<Backend>(builtin_backend_names.size() + place);
  return std::nullopt;
}
}  // namespace detail

constexpr std::string_view to_string(Backend backend) noexcept {
  return is_builtin(backend) ? detail::builtin_backend_names[static_cast<std::size_t>(backend)]
                             : detail::registered_backend_name(backend);
}
constexpr std::string_view to_string(WebnnDevice device) noexcept {
  return detail::webnn_device_names[static_cast<std::size_t>(device)];
}

/// The names of all backends, registered ones included; a name's index is its backend's value.
inline std::vector<std::string_view> backend_names() {
  std::vector<std::string_view> names(detail::builtin_backend_names.begin(), detail::builtin_backend_names.end());
  const detail::BackendTable& table = detail::BackendTable::instance();
  for (std::size_t place = 0, size = table.size(); place < size; ++place) names.emplace_back(table[place].name);
  return names;
}

constexpr std::optional<Backend> parse_backend(std::string_view name) noexcept {
  std::size_t place = 0;
  while (place < detail::builtin_backend_names.size() && detail::builtin_backend_names[place] != name) ++place;
  return place < detail::builtin_backend_names.size() ? static_cast<Backend>(place)
                                                      : detail::parse_registered_backend(name);
}

inline std::ostream& operator<<(std::ostream& out, Backend backend) { return out << to_string(backend); }

}  // namespace webpool
