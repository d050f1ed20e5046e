#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string_view>

namespace webpool {

/// How far the pool trusts what a tab computes.
enum class Trust : std::uint8_t {
  guest,   ///< attached: somebody opened the link
  proven,  ///< attached, and right often enough: `GuestSettings::proven_after`
  own,     ///< in a browser that the pool launched
};

namespace detail {
inline constexpr std::array<std::string_view, 3> trust_names{"guest", "proven", "own"};
}

constexpr std::string_view to_string(Trust trust) noexcept {
  return detail::trust_names[static_cast<std::size_t>(trust)];
}

inline std::ostream& operator<<(std::ostream& out, Trust trust) { return out << to_string(trust); }

}  // namespace webpool
