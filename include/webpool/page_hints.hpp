#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>

namespace webpool {

/// How hard a device works, in the words of the Compute Pressure API: from `serious` on it is about to slow down.
enum class Pressure : std::uint8_t { nominal, fair, serious, critical };

namespace detail {
inline constexpr std::array<std::string_view, 4> pressure_names{"nominal", "fair", "serious", "critical"};
}

constexpr std::string_view to_string(Pressure pressure) noexcept {
  return detail::pressure_names[static_cast<std::size_t>(pressure)];
}

inline std::ostream& operator<<(std::ostream& out, Pressure pressure) { return out << to_string(pressure); }

/// What a tab told of itself and its device with its last heartbeat. What its browser doesn't tell is empty, and so is
/// everything but `visible` until the first one. A hidden tab may tell what was so when it was last seen.
struct PageHints {
  bool visible = true;                 ///< browsers slow hidden tabs down
  std::optional<bool> charging{};      ///< Chromium's; a device without a battery says that it charges a full one
  std::optional<double> battery{};     ///< 0 (empty) to 1 (full)
  std::optional<Pressure> pressure{};  ///< of the CPU; Chromium's, and only from a tab that is visible
  std::optional<bool> save_data{};     ///< its user wants to pay for little traffic; Chromium's

  friend bool operator==(const PageHints&, const PageHints&) = default;
};

}  // namespace webpool
