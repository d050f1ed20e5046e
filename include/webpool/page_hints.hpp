#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>

namespace webpool {

/// How hard a device works, in the words of the Compute Pressure API. From `serious` on, it is about to slow down.
enum class Pressure : std::uint8_t { nominal, fair, serious, critical };

namespace detail {
inline constexpr std::array<std::string_view, 4> pressure_names{"nominal", "fair", "serious", "critical"};
}

constexpr std::string_view to_string(Pressure pressure) noexcept {
  return detail::pressure_names[static_cast<std::size_t>(pressure)];
}

inline std::ostream& operator<<(std::ostream& out, Pressure pressure) { return out << to_string(pressure); }

/// What a tab reported about itself and its device with its last heartbeat. Fields are empty if the browser doesn't
/// report them; until the first heartbeat all but `visible` are. A hidden tab may report what was true when it was last
/// visible.
struct PageHints {
  bool visible = true;                 ///< browsers slow hidden tabs down
  std::optional<bool> charging{};      ///< Chromium only; a device without a battery reports a full one that charges
  std::optional<double> battery{};     ///< 0 (empty) to 1 (full)
  std::optional<Pressure> pressure{};  ///< of the CPU; Chromium only, and only from a visible tab
  std::optional<bool> save_data{};     ///< the user asked for reduced data usage; Chromium only

  friend bool operator==(const PageHints&, const PageHints&) = default;
};

}  // namespace webpool
